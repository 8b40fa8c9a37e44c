import { expect, test } from 'vitest'
import { podAmounts } from './amounts.ts'

const container = (name: string, requests: Record<string, string>) => ({ name, resources: { requests } })

test('A Pod asks for the sum of its containers, or for its greediest init container', () => {
  const spec = {
    containers: [container('a', { cpu: '500m', memory: '1Gi' }), container('b', { cpu: '1' })],
    initContainers: [container('i', { cpu: '1' }), container('j', { cpu: '250m', storage: '1Gi' })],
  }
  expect(podAmounts(spec).requests).toEqual({ cpu: '1500m', memory: '1Gi', storage: '1Gi' })
  expect(podAmounts(spec, { isBounded: true }).requests).toEqual({ cpu: '1500m', storage: '1Gi' })
  const greedy = {
    containers: [container('a', { cpu: '1' })],
    initContainers: [container('i', { cpu: '2' })],
  }
  expect(podAmounts(greedy)).toEqual({ requests: { cpu: '2' }, limits: {} })
  expect(podAmounts(undefined)).toEqual({ requests: {}, limits: {} })
})
