import { expect, test } from 'vitest'
import type { Volume } from '../../api/generated/types.ts'
import type { References } from '../references.ts'
import { checkVolumes, hasVolumeReferences, pluginOf } from './index.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const references: References = {
  configMap: async (_, name) =>
    name === 'cm'
      ? { metadata: { name }, data: { b: '2', a: '1' }, binaryData: { bin: base64('\0x') } }
      : undefined,
  secret: async (_, name) =>
    name === 'secret' ? { metadata: { name }, data: { key: base64('value') } } : undefined,
  serviceAccountToken: async ({ audience, expirationSeconds }) => `token ${audience} ${expirationSeconds}`,
}
const podWith = (volume: Omit<Volume, 'name'>) => ({
  metadata: { name: 'p', namespace: 'ns', labels: { app: 'web' } },
  spec: { containers: [], volumes: [{ name: 'v', ...volume }] },
})

async function files(volume: Omit<Volume, 'name'>, podIPs = ['10.244.0.2', 'fd00::2']) {
  const pod = podWith(volume)
  const context = { pod, references, podIPs, hostIPs: [], allocatable: { cpu: '2' } }
  const found = await pluginOf({ name: 'v', ...volume }).files({ name: 'v', ...volume }, context)
  return Object.fromEntries([...found].map(([path, { content }]) => [path, content.toString()]))
}

test('ConfigMaps and Secrets become files, all of them or the chosen ones', async () => {
  expect(await files({ configMap: { name: 'cm' } })).toEqual({ a: '1', b: '2', bin: '\0x' })
  const items = [{ key: 'a', path: 'x/y' }]
  expect(await files({ configMap: { name: 'cm', items } })).toEqual({ 'x/y': '1' })
  expect(await files({ secret: { secretName: 'secret' } })).toEqual({ key: 'value' })
  expect(await files({ secret: { secretName: 'none', optional: true } })).toEqual({})
})

test.each([
  [['10.244.0.2'], '10.244.0.2'],
  [['fd00::2'], 'fd00::2'],
  [['10.244.0.2', 'fd00::2'], '10.244.0.2,fd00::2'],
  [['fd00::2', '10.244.0.2'], 'fd00::2,10.244.0.2'],
])('The downward API writes the addresses %j', async (podIPs, expected) => {
  const items = [
    { path: 'ips', fieldRef: { fieldPath: 'status.podIPs' } },
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'cpu', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
  ]
  expect(await files({ downwardAPI: { items } }, podIPs)).toEqual({
    ips: expected,
    labels: 'app="web"',
    cpu: '2',
  })
})

test("A projected volume joins its sources: the ServiceAccount's token, a CA, the namespace", async () => {
  const sources = [
    { serviceAccountToken: { path: 'token', audience: 'api', expirationSeconds: 3607 } },
    { configMap: { name: 'cm', items: [{ key: 'a', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    { secret: { name: 'secret' } },
  ]
  expect(await files({ projected: { sources } })).toEqual({
    token: 'token api 3607',
    'ca.crt': '1',
    namespace: 'ns',
    key: 'value',
  })
})

test('An emptyDir, a hostPath and an unknown source are empty', async () => {
  expect(await files({ emptyDir: {} })).toEqual({})
  expect(await files({ hostPath: { path: '/var/log' } })).toEqual({})
  expect(await files({ hostPath: { path: '/x', type: 'FileOrCreate' } })).toEqual({ '': '' })
  expect(await files({ persistentVolumeClaim: { claimName: 'c' } })).toEqual({})
})

test.each<[Omit<Volume, 'name'>, string]>([
  [{ configMap: { name: 'none' } }, 'configmap "none" not found'],
  [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
  [
    { configMap: { name: 'cm', items: [{ key: 'k', path: 'k' }] } },
    'configmap references non-existent config key: k',
  ],
  [
    { secret: { secretName: 'secret', items: [{ key: 'k', path: 'k' }] } },
    'references non-existent secret key: k',
  ],
  [{ projected: { sources: [{ configMap: { name: 'none' } }] } }, 'configmap "none" not found'],
])('A Pod with %j waits', async (volume, message) => {
  const pod = podWith(volume)
  expect(hasVolumeReferences(pod)).toBe(true)
  await expect(checkVolumes({ pod, references })).rejects.toThrow(
    `MountVolume.SetUp failed for volume "v" : ${message}`,
  )
})

test('A Pod whose references are optional or there does not wait', async () => {
  expect(hasVolumeReferences(podWith({ emptyDir: {} }))).toBe(false)
  expect(hasVolumeReferences(podWith({ configMap: { name: 'none', optional: true } }))).toBe(false)
  const items = [{ key: 'bin', path: 'x' }]
  await checkVolumes({ pod: podWith({ configMap: { name: 'cm', items } }), references })
})
