import { expect, test } from 'vitest'
import type { PendingWrite, RegistryHooks } from './hooks.ts'
import { context, named, openTestRegistries, type Thing, things } from './registries.fake.ts'

const claim = (name: string) => `/claims/${name}`

/**
 * Gives each thing the first size whose claim is free as far as it knows, and claims it in the same write.
 */
function claiming(firstSize: number) {
  const journal: string[] = []
  let next = firstSize
  const pending = (key: string, type: 'create' | 'delete', revision = 0): PendingWrite => ({
    operations: [
      type === 'create'
        ? { type, key, value: Buffer.from('mine') }
        : { type, key, expectedRevision: revision },
    ],
    commit: () => journal.push(`commit ${key}`),
    abort: () => journal.push(`abort ${key}`),
  })
  const hooks: RegistryHooks<Thing> = {
    async beginCreate(thing) {
      thing.spec!.size = next++
      return pending(claim(String(thing.spec!.size)), 'create')
    },
    async beginDelete(thing) {
      return pending(claim(String(thing.spec!.size)), 'delete', 3)
    },
  }
  return { journal, hooks: new Map([['apps/things', hooks as RegistryHooks]]) }
}

const inDefault = { namespace: 'default' }

test('a hook’s operations are committed with the object, and it begins again when they collide', async () => {
  const { journal, hooks } = claiming(5)
  const { registry, store } = await openTestRegistries({ hooks })
  await store.write([{ type: 'create', key: claim('5'), value: Buffer.from('theirs') }])
  const { object } = await registry(things).create(context, named('a'), inDefault)
  expect((object as Thing).spec).toEqual({ size: 6 })
  expect(journal).toEqual(['abort /claims/5', 'commit /claims/6'])
  expect((await store.get(claim('6')))?.revision).toBe(3)
})

test('a deletion takes the claim along', async () => {
  const { journal, hooks } = claiming(6)
  const { registry, store } = await openTestRegistries({ hooks })
  await store.write([{ type: 'create', key: '/other', value: Buffer.from('x') }])
  await registry(things).create(context, named('a'), inDefault)
  await registry(things).delete(context, { ...inDefault, name: 'a' }, {})
  expect(await store.get(claim('6'))).toBeUndefined()
  expect(journal).toEqual(['commit /claims/6', 'commit /claims/6'])
})

test('an object that turns out wrong and a dry run give back what was taken', async () => {
  const { journal, hooks } = claiming(-1)
  const { registry, store } = await openTestRegistries({ hooks })
  await expect(registry(things).create(context, named('a'), inDefault)).rejects.toMatchObject({ code: 422 })
  await registry(things).create(context, named('a'), { ...inDefault, dryRun: true })
  expect(journal).toEqual(['abort /claims/-1', 'abort /claims/0'])
  expect(await store.revision()).toBe(1)
})
