import { expect, test } from 'vitest'
import { openMemoryStore } from './memory.ts'
import { planSteps, restoreInSteps } from './restoresteps.ts'
import { takeSnapshot } from './snapshot.ts'
import type { WriteOperation } from './store.ts'

const create = (key: string, value = key): WriteOperation => ({
  type: 'create',
  key,
  value: Buffer.from(value),
})

test('A step is as much as etcd takes at once', () => {
  const small = Array.from({ length: 250 }, (_, index) => create(`/${index}`))
  expect(planSteps(small).map(step => step.length)).toEqual([100, 100, 50])
  const large = [400_000, 400_000, 400_000, 1_400_000, 1].map((bytes, index) =>
    create(`/${index}`, 'x'.repeat(bytes)),
  )
  expect(planSteps(large).map(step => step.length)).toEqual([2, 1, 1, 1])
  expect(planSteps([])).toEqual([])
})

test('A store of another history becomes what the snapshot shows', async () => {
  const source = openMemoryStore()
  for (const key of ['/z', '/y', '/x']) await source.write([create(key)])
  const snapshot = await takeSnapshot(source)
  const target = openMemoryStore()
  // Under the very revision of /z, and of no interest.
  await target.write([create('/z', 'something else'), create('/old')])
  await restoreInSteps(target, snapshot)
  const { entries } = await target.list({ prefix: '' })
  expect(entries.map(({ key, value }) => [key, String(value)])).toEqual([
    ['/x', '/x'],
    ['/y', '/y'],
    ['/z', '/z'],
  ])
  await restoreInSteps(target, snapshot)
  expect(await target.revision()).toBe(3)
})
