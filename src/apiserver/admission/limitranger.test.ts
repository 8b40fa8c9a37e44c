import { expect, test } from 'vitest'
import type { LimitRangeItem, Pod, PodSpec } from '../../api/generated/types.ts'
import { limitRanges } from '../../api/resources/core/limitrange.ts'
import { persistentVolumeClaims } from '../../api/resources/core/persistentvolumeclaim.ts'
import { context, named, openTestRegistries, pods } from '../registry/registries.fake.ts'
import { limitRangerPlugin } from './limitranger.ts'

const inTeam = { namespace: 'team' }

async function start(limits: LimitRangeItem[]) {
  const resources = [pods, limitRanges, persistentVolumeClaims]
  const { registry } = await openTestRegistries({ resources, admission: [limitRangerPlugin] })
  await registry(limitRanges).create(context, named('bounds', { spec: { limits } }), inTeam)
  return {
    create: async (spec: PodSpec) =>
      (await registry(pods).create(context, { metadata: { name: 'a' }, spec } as never, inTeam))
        .object as Pod,
    claim: (storage: string) =>
      registry(persistentVolumeClaims).create(
        context,
        named('data', { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } }),
        inTeam,
      ),
  }
}

test('A container gets what it leaves open, and the Pod says so', async () => {
  const { create } = await start([
    { type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } },
  ])
  const { spec, metadata } = await create({
    containers: [{ name: 'c', resources: { limits: { cpu: '2' } } }],
    initContainers: [{ name: 'i' }],
  })
  expect(spec?.containers[0]?.resources).toEqual({
    limits: { cpu: '2', memory: '1Gi' },
    requests: { cpu: '100m', memory: '1Gi' },
  })
  expect(spec?.initContainers?.[0]?.resources?.limits).toEqual({ cpu: '1', memory: '1Gi' })
  expect(metadata.annotations).toEqual({
    'kubernetes.io/limit-ranger':
      'LimitRanger plugin set: cpu, memory request for container c; memory limit for container c; ' +
      'cpu, memory request for init container i; cpu, memory limit for init container i',
  })
})

test.each<[string, LimitRangeItem, PodSpec['containers'], string]>([
  [
    'more than the most',
    { type: 'Container', max: { cpu: '1' } },
    [{ name: 'c', resources: { limits: { cpu: '1500m' } } }],
    'maximum cpu usage per Container is 1, but limit is 1500m',
  ],
  [
    'less than the least',
    { type: 'Container', min: { memory: '64Mi' }, default: { memory: '1Gi' } },
    [{ name: 'c', resources: { requests: { memory: '32Mi' } } }],
    'minimum memory usage per Container is 64Mi, but request is 32Mi',
  ],
  [
    'a ratio beyond the bound',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    [{ name: 'c', resources: { limits: { cpu: '3' }, requests: { cpu: '1' } } }],
    'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
  ],
  [
    'more in sum than a Pod may',
    { type: 'Pod', max: { cpu: '2' } },
    [
      { name: 'c', resources: { limits: { cpu: '1500m' } } },
      { name: 'd', resources: { limits: { cpu: '1' } } },
    ],
    'maximum cpu usage per Pod is 2, but limit is 2500m',
  ],
  [
    'nothing where there is a bound',
    { type: 'Pod', max: { cpu: '2' } },
    [{ name: 'c' }],
    'maximum cpu usage per Pod is 2.  No limit is specified',
  ],
])('A Pod that asks for %s is refused', async (_, item, containers, expected) => {
  const { create } = await start([item])
  await expect(create({ containers })).rejects.toMatchObject({
    code: 403,
    message: `pods "a" is forbidden: ${expected}`,
  })
})

test('All faults are told at once', async () => {
  const { create } = await start([{ type: 'Container', max: { cpu: '1', memory: '1Gi' } }])
  const containers = [{ name: 'c', resources: { limits: { cpu: '2', memory: '2Gi' } } }]
  await expect(create({ containers })).rejects.toThrow(
    '[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
  )
})

test('Claims are held to their bounds', async () => {
  const { claim } = await start([
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '10Gi' } },
  ])
  await expect(claim('20Gi')).rejects.toThrow(
    'maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 20Gi',
  )
  await expect(claim('1Mi')).rejects.toThrow(
    'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
  )
  await claim('5Gi')
})
