import { expect, test } from 'vitest'
import type { Pod, PodSpec, RuntimeClass } from '../../api/generated/types.ts'
import { runtimeClasses } from '../../api/resources/node.k8s.io/runtimeclass.ts'
import { context, named, openTestRegistries, pods } from '../registry/registries.fake.ts'
import { runtimeClassPlugin } from './runtimeclass.ts'

const containers = [{ name: 'c' }]

async function start(...classes: Partial<RuntimeClass>[]) {
  const resources = [pods, runtimeClasses]
  const { registry } = await openTestRegistries({ resources, admission: [runtimeClassPlugin] })
  for (const [index, rest] of classes.entries()) {
    const object = named(`class${index}`, { handler: 'runc', ...rest })
    await registry(runtimeClasses).create(context, object, { namespace: '' })
  }
  return async (spec: Partial<PodSpec>) => {
    const pod = { metadata: { name: 'a' }, spec: { containers, ...spec } } as never
    return ((await registry(pods).create(context, pod, { namespace: 'default' })).object as Pod).spec
  }
}

test('a Pod without a class is left alone, one whose class does not exist is refused', async () => {
  const create = await start()
  expect(await create({})).toEqual({ containers })
  await expect(create({ runtimeClassName: 'none' })).rejects.toMatchObject({
    code: 403,
    message: 'pods "a" is forbidden: pod rejected: RuntimeClass "none" not found',
  })
})

test('what the class costs is written into the Pod, and nothing else may stand there', async () => {
  const create = await start({ overhead: { podFixed: { cpu: '250m', memory: '64Mi' } } }, {})
  const overhead = { cpu: '250m', memory: '64Mi' }
  expect(await create({ runtimeClassName: 'class0' })).toMatchObject({ overhead })
  await expect(create({ runtimeClassName: 'class0', overhead: { cpu: '1' } })).rejects.toThrow(
    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
  )
  const unasked = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'
  await expect(create({ runtimeClassName: 'class1', overhead })).rejects.toThrow(unasked)
  await expect(create({ overhead })).rejects.toThrow(unasked)
})

test('a Pod that says the same overhead in other words is taken', async () => {
  const create = await start({ overhead: { podFixed: { cpu: '1', memory: '1Gi' } } })
  const overhead = { cpu: '1000m', memory: '1024Mi' }
  expect((await create({ runtimeClassName: 'class0', overhead }))?.overhead).toBeDefined()
})

test('where the class runs is joined with where the Pod wants to run; the two may not differ', async () => {
  const create = await start({ scheduling: { nodeSelector: { disk: 'fast', zone: 'a' } } })
  const spec = await create({ runtimeClassName: 'class0', nodeSelector: { zone: 'a', own: 'x' } })
  expect(spec?.nodeSelector).toEqual({ disk: 'fast', zone: 'a', own: 'x' })
  await expect(create({ runtimeClassName: 'class0', nodeSelector: { disk: 'slow' } })).rejects.toThrow(
    'conflict: runtimeClass.scheduling.nodeSelector[disk] = fast; pod.spec.nodeSelector[disk] = slow',
  )
})

test('tolerations are joined, without those that another one covers', async () => {
  const operator = 'Equal'
  const tolerations = [
    { key: 'a', operator, value: 'x', effect: 'NoSchedule' },
    { key: 'b', operator: 'Exists' },
    { key: 'c', operator, value: 'y', effect: 'NoExecute' },
  ]
  const create = await start({ scheduling: { tolerations } })
  const own = [
    { key: 'a', operator, value: 'x', effect: 'NoSchedule' },
    { key: 'b', operator, value: 'z', effect: 'NoExecute', tolerationSeconds: 5 },
    { key: 'c', operator, value: 'y', effect: 'NoExecute', tolerationSeconds: 5 },
    { key: 'd', operator: 'Exists' },
  ]
  const spec = await create({ runtimeClassName: 'class0', tolerations: own })
  expect(spec?.tolerations).toEqual([own[0], own[3], tolerations[1], tolerations[2]])
})
