import { expect, test } from 'vitest'
import type { Pod, Service } from '../api/generated/types.ts'
import { belongs, endpointMatters, findPort, hostnameIn, TriggerTimes } from './serviceendpoints.ts'

const pod = (status: Pod['status'] = {}, metadata: Pod['metadata'] = {}): Pod => ({
  metadata: { name: 'p', ...metadata },
  spec: {
    containers: [
      {
        name: 'c',
        ports: [
          { name: 'web', containerPort: 8080 },
          { name: 'dns', containerPort: 53, protocol: 'UDP' },
        ],
      },
    ],
    initContainers: [
      { name: 'sidecar', restartPolicy: 'Always', ports: [{ name: 'admin', containerPort: 9000 }] },
      { name: 'init', ports: [{ name: 'never', containerPort: 1 }] },
    ],
  },
  status,
})

test('A named port is found by name and protocol, in sidecars too', () => {
  expect(findPort(pod(), { port: 80, targetPort: 'web' })).toBe(8080)
  expect(findPort(pod(), { port: 53, targetPort: 'dns' })).toBeUndefined()
  expect(findPort(pod(), { port: 53, targetPort: 'dns', protocol: 'UDP' })).toBe(53)
  expect(findPort(pod(), { port: 1, targetPort: 'admin' })).toBe(9000)
  expect(findPort(pod(), { port: 1, targetPort: 'never' })).toBeUndefined()
  expect(findPort(pod(), { port: 80 })).toBe(80)
})

test('Pods that ended, or have no address yet, do not belong', () => {
  const podIPs = [{ ip: '10.0.0.1' }]
  expect(belongs(pod({ podIPs }), { includeTerminating: false })).toBe(true)
  expect(belongs(pod({}), { includeTerminating: true })).toBe(false)
  expect(belongs(pod({ podIPs, phase: 'Failed' }), { includeTerminating: true })).toBe(false)
  const leaving = pod({ podIPs }, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  expect([true, false].map(includeTerminating => belongs(leaving, { includeTerminating }))).toEqual([
    true,
    false,
  ])
})

test('Only what an endpoint shows matters', () => {
  expect(endpointMatters(pod({ message: 'a' }), pod({ message: 'b' }))).toBe(false)
  expect(endpointMatters(pod({ podIPs: [{ ip: 'a' }] }), pod())).toBe(true)
  expect(endpointMatters(pod({}, { labels: { a: 'b' } }), pod())).toBe(true)
})

test('The hostname counts only in the Service that is the subdomain', () => {
  const object = { ...pod(), spec: { containers: [], hostname: 'db-0', subdomain: 'db' } }
  expect(hostnameIn(object, { metadata: { name: 'db' } })).toBe('db-0')
  expect(hostnameIn(object, { metadata: { name: 'web' } })).toBeUndefined()
})

test('The trigger time is the earliest change that was not told yet', () => {
  const times = new TriggerTimes()
  const service: Service = { metadata: { name: 's', creationTimestamp: '2026-01-01T00:00:10Z' } }
  const ready = (name: string, lastTransitionTime: string) =>
    pod({ conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] }, { name })
  const a = ready('a', '2026-01-01T00:00:20Z')
  expect(times.next('ns/s', service, [a])).toBe('2026-01-01T00:00:10Z')
  expect(times.next('ns/s', service, [a])).toBeUndefined()
  const b = ready('b', '2026-01-01T00:00:15Z')
  expect(times.next('ns/s', service, [ready('a', '2026-01-01T00:00:30Z'), b])).toBe('2026-01-01T00:00:15Z')
  times.forget('ns/s')
  expect(times.next('ns/s', service, [])).toBe('2026-01-01T00:00:10Z')
})
