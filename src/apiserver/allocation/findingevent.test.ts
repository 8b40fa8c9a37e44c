import { expect, test } from 'vitest'
import { eventFor } from './findingevent.ts'

test('A finding becomes a Warning about its object', () => {
  const finding = {
    kind: 'Service',
    namespace: 'n',
    name: 'web',
    uid: 'u',
    reason: 'R',
    message: 'm',
  } as const
  const event = eventFor(finding, 0)
  expect(event.metadata.name).toMatch(/^web\.[0-9a-f]{8}$/)
  expect([event.metadata.namespace, event.type, event.reason, event.message]).toEqual([
    'n',
    'Warning',
    'R',
    'm',
  ])
  expect(event.involvedObject).toEqual({
    kind: 'Service',
    apiVersion: 'v1',
    namespace: 'n',
    name: 'web',
    uid: 'u',
  })
})

test('One about an IPAddress is in the namespace default', () => {
  const finding = {
    kind: 'IPAddress',
    namespace: '',
    name: 'fd00::1',
    uid: '',
    reason: 'R',
    message: '',
  } as const
  const event = eventFor(finding, 0)
  expect([event.metadata.namespace, event.involvedObject?.namespace]).toEqual(['default', undefined])
  expect(event.metadata.name).toMatch(/^fd00--1\./)
})
