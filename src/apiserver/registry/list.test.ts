import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { configMaps, context, named, nextTurn, openTestRegistries, things } from './registries.fake.ts'

const inDefault = { namespace: 'default' }
const at = (name: string) => ({ namespace: 'default', name })
const fails = (error: { code: number; reason?: string; message?: string }) =>
  expect.objectContaining(error) as unknown

test('lists in the order of keys, and what selectors choose', async () => {
  const { registry } = await openTestRegistries()
  const registered = registry(things)
  const create = (namespace: string, name: string, node: string) =>
    registered.create(context, { ...named(name), spec: { node } } as KubeObject, { namespace })
  await create('a', 'z', 'n1')
  await create('a-b', 'y', 'n2')
  await create('a', 'b', 'n2')
  const names = async (options: object) => (await registered.list(context, options)).items.map(i => i.name)
  expect(await names({})).toEqual(['y', 'b', 'z'])
  expect(await names({ namespace: 'a' })).toEqual(['b', 'z'])
  expect(await names({ fieldSelector: 'spec.node=n2' })).toEqual(['y', 'b'])
  expect(await names({ fieldSelector: 'metadata.name=z' })).toEqual(['z'])
  await expect(names({ fieldSelector: 'spec.foo=1' })).rejects.toEqual(
    fails({ code: 400, message: 'field label not supported: spec.foo' }),
  )
})

test('pages show one state, whatever is written meanwhile', async () => {
  const { registry } = await openTestRegistries()
  const registered = registry(configMaps)
  for (const name of ['a', 'b', 'c', 'd', 'e']) await registered.create(context, named(name), inDefault)
  const first = await registered.list(context, { limit: 2 })
  expect(first).toMatchObject({ resourceVersion: '6', remainingItemCount: 3 })
  await registered.delete(context, at('d'), {})
  await registered.create(context, named('bb'), inDefault)
  const second = await registered.list(context, { limit: 2, continue: first.continue! })
  expect(second.items.map(item => item.name)).toEqual(['c', 'd'])
  expect(second).toMatchObject({ resourceVersion: '6', remainingItemCount: 1 })
  const third = await registered.list(context, { limit: 2, continue: second.continue! })
  expect(third.items.map(item => item.name)).toEqual(['e'])
  expect(third.continue).toBeUndefined()
})

test('a page of a forgotten state is Expired and offers to go on with the newest', async () => {
  const { registry, store } = await openTestRegistries()
  const registered = registry(configMaps)
  for (const name of ['a', 'b', 'c']) await registered.create(context, named(name), inDefault)
  const first = await registered.list(context, { limit: 1 })
  await registered.delete(context, at('b'), {})
  await store.compact(await store.revision())
  const expired = await registered.list(context, { continue: first.continue! }).catch(error => error)
  expect(expired).toMatchObject({ code: 410, reason: 'Expired' })
  const rest = await registered.list(context, { continue: expired.continue })
  expect(rest.items.map(item => item.name)).toEqual(['c'])
})

test('a list at a revision of the future times out', async () => {
  const { registry, clock } = await openTestRegistries()
  const listing = registry(configMaps).list(context, { resourceVersion: '99' })
  listing.catch(() => undefined)
  await nextTurn()
  await clock.advance(4_000)
  await expect(listing).rejects.toEqual(
    fails({ code: 504, reason: 'Timeout', message: 'Timeout: Too large resource version: 99, current: 1' }),
  )
})
