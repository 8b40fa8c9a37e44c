import { expect, test } from 'vitest'
import { fieldValue, resourceValue } from './fieldpath.ts'

const pod = {
  metadata: {
    name: 'p',
    namespace: 'ns',
    uid: 'u',
    labels: { b: '2', a: '1' },
    annotations: { 'x/y': 'say "hi"\n' },
  },
  spec: {
    nodeName: 'n1',
    serviceAccountName: 'default',
    containers: [
      { name: 'c', resources: { requests: { memory: '64Mi', cpu: '250m' }, limits: { cpu: '1500m' } } },
    ],
  },
}
const v4 = '10.244.0.2'
const v6 = 'fd00:10:244::2'
const contextOf = (podIPs: readonly string[], hostIPs: readonly string[] = []) => ({
  podIPs,
  hostIPs,
  allocatable: { cpu: '2', memory: '8Gi' },
})

test.each([
  ['IPv4', [v4], '10.244.0.2'],
  ['IPv6', [v6], 'fd00:10:244::2'],
  ['IPv4,IPv6', [v4, v6], '10.244.0.2,fd00:10:244::2'],
  ['IPv6,IPv4', [v6, v4], 'fd00:10:244::2,10.244.0.2'],
])('Addresses are joined in the order of the families: %s', (_, ips, expected) => {
  expect(fieldValue(pod, 'status.podIPs', contextOf(ips))).toBe(expected)
  expect(fieldValue(pod, 'status.hostIPs', contextOf([], ips))).toBe(expected)
  expect(fieldValue(pod, 'status.podIP', contextOf(ips))).toBe(ips[0])
  expect(fieldValue(pod, 'status.hostIP', contextOf([], ips))).toBe(ips[0])
})

test.each([
  ['metadata.name', 'p'],
  ['metadata.namespace', 'ns'],
  ['metadata.uid', 'u'],
  ['metadata.labels', 'a="1"\nb="2"'],
  ['metadata.annotations', 'x/y="say \\"hi\\"\\n"'],
  ["metadata.labels['a']", '1'],
  ["metadata.labels['none']", ''],
  ["metadata.annotations['x/y']", 'say "hi"\n'],
  ['spec.nodeName', 'n1'],
  ['spec.serviceAccountName', 'default'],
  ['status.phase', undefined],
])('The field %s', (path, expected) => {
  expect(fieldValue(pod, path, contextOf([]))).toBe(expected)
})

test.each([
  ['requests.cpu', undefined, '1'],
  ['requests.cpu', '1m', '250'],
  ['limits.cpu', '0', '2'],
  ['requests.memory', '1Mi', '64'],
  ['limits.memory', '1Gi', '8'],
  ['requests.ephemeral-storage', undefined, '0'],
])('The resource %s in units of %s', (resource, divisor, expected) => {
  const selector = { resource, ...(divisor === undefined ? {} : { divisor }) }
  expect(resourceValue(pod, { selector, container: 'c' }, contextOf([]))).toBe(expected)
})
