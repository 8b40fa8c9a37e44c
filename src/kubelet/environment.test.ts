import { expect, test } from 'vitest'
import type { Container } from '../api/generated/types.ts'
import { ContainerConfigError, containerVariables, hasReferences } from './environment.ts'
import type { References } from './references.ts'

const references: References = {
  configMap: async (_, name) =>
    name === 'cm' ? { metadata: { name }, data: { b: 'two\nlines', a: '1' } } : undefined,
  secret: async (_, name) =>
    name === 'secret'
      ? { metadata: { name }, data: { password: Buffer.from('s3cret').toString('base64') } }
      : undefined,
  serviceAccountToken: async () => undefined,
}
const kubernetes = {
  metadata: { name: 'kubernetes', namespace: 'default' },
  spec: { clusterIPs: ['10.96.0.1'], ports: [{ port: 443 }] },
}
const pod = { metadata: { name: 'pod01', namespace: 'ns' }, spec: { containers: [] } }

async function variables(container: Partial<Container>, podIPs = ['10.244.1.4', 'fd00:10:244:1::4']) {
  const context = { podIPs, hostIPs: ['192.0.2.1'], allocatable: {}, references, services: [kubernetes] }
  const found = await containerVariables(pod, { name: 'c', ...container }, context)
  return found
    .filter(([name]) => !name.startsWith('KUBERNETES_PORT'))
    .map(([name, value]) => `${name}=${value}`)
}
const field = (fieldPath: string) => ({ fieldRef: { fieldPath } })
const fromServices = ['KUBERNETES_SERVICE_HOST=10.96.0.1', 'KUBERNETES_SERVICE_PORT=443']

test.each([
  [['10.244.1.4'], '10.244.1.4'],
  [['fd00::4'], 'fd00::4'],
  [['10.244.1.4', 'fd00::4'], '10.244.1.4,fd00::4'],
  [['fd00::4', '10.244.1.4'], 'fd00::4,10.244.1.4'],
])('status.podIPs of a Pod with %j', async (podIPs, expected) => {
  const env = [{ name: 'MY_POD_IPS', valueFrom: field('status.podIPs') }]
  expect(await variables({ env }, podIPs)).toEqual([`MY_POD_IPS=${expected}`, ...fromServices])
})

test('env overrides envFrom and sees what came before it, and the Services', async () => {
  const env = [
    { name: 'P_a', value: 'changed' },
    { name: 'X', value: '$(P_a) $(KUBERNETES_SERVICE_HOST) $(LATER) $$(P_a)' },
    { name: 'LATER', value: 'l' },
    { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
  ]
  expect(await variables({ env, envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }] })).toEqual([
    'P_a=changed',
    'P_b=two\nlines',
    'X=changed 10.96.0.1 $(LATER) $(P_a)',
    'LATER=l',
    'KUBERNETES_SERVICE_PORT=6443',
    'KUBERNETES_SERVICE_HOST=10.96.0.1',
  ])
})

test('Values come from ConfigMaps, Secrets, fields and resources', async () => {
  const env = [
    { name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'a' } } },
    { name: 'B', valueFrom: { secretKeyRef: { name: 'secret', key: 'password' } } },
    { name: 'C', valueFrom: field('metadata.name') },
    { name: 'D', valueFrom: { configMapKeyRef: { name: 'none', key: 'a', optional: true } } },
    { name: 'E', valueFrom: { secretKeyRef: { name: 'secret', key: 'none', optional: true } } },
  ]
  const envFrom = [{ secretRef: { name: 'none', optional: true } }, { secretRef: { name: 'secret' } }]
  expect(await variables({ env, envFrom })).toEqual([
    'password=s3cret',
    'A=1',
    'B=s3cret',
    'C=pod01',
    ...fromServices,
  ])
})

test.each<[Partial<Container>, string]>([
  [
    { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: 'k' } } }] },
    'configmap "x" not found',
  ],
  [
    { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }] },
    "couldn't find key k in ConfigMap ns/cm",
  ],
  [{ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'x', key: 'k' } } }] }, 'secret "x" not found'],
  [
    { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'secret', key: 'k' } } }] },
    "couldn't find key k in Secret ns/secret",
  ],
  [{ envFrom: [{ configMapRef: { name: 'x' } }] }, 'configmap "x" not found'],
  [{ envFrom: [{ secretRef: { name: 'x' } }] }, 'secret "x" not found'],
])('%j: %s', async (container, message) => {
  await expect(variables(container)).rejects.toThrow(new ContainerConfigError(message))
  expect(hasReferences({ name: 'c', ...container })).toBe(true)
})
