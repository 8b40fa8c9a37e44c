import { expect, test } from 'vitest'
import { inGrowingBatches, podFromTemplate, podNamePrefix } from './podcontrol.ts'

test('Batches double as long as nothing fails', async () => {
  const sizes: number[] = []
  let running = 0
  await inGrowingBatches(10, async () => {
    if (running === 0) sizes.push(0)
    running++
    sizes[sizes.length - 1]!++
    await Promise.resolve()
    running--
  })
  expect(sizes).toEqual([1, 2, 4, 3])
})

test('After a failure no further batch is begun, and the failure is thrown', async () => {
  let calls = 0
  const work = async (index: number) => {
    calls++
    if (index === 2) throw new Error('quota')
  }
  await expect(inGrowingBatches(100, work)).rejects.toThrow('quota')
  expect(calls).toBe(3)
})

test('A Pod takes labels, annotations and finalizers from the template, and the owner', () => {
  const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u' }
  const spec = { containers: [] }
  const template = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' }, finalizers: ['x/y'] }, spec }
  const pod = podFromTemplate(template, { namespace: 'ns', generateName: podNamePrefix('web'), reference })
  expect(pod).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'web-',
      namespace: 'ns',
      labels: { a: 'b' },
      annotations: { c: 'd' },
      finalizers: ['x/y'],
      ownerReferences: [reference],
    },
    spec,
  })
})
