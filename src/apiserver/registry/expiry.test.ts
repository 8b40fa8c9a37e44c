import { expect, test } from 'vitest'
import { defineResource } from '../../api/resource.ts'
import { context, named, openTestRegistries } from './registries.fake.ts'

const events = defineResource({
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  namespaced: true,
})
const inDefault = { namespace: 'default' }

test('Events go an hour after they were last written', async () => {
  const { registry, clock, registries } = await openTestRegistries({ resources: [events] })
  const names = async () => (await registry(events).list(context, {})).items.map(({ name }) => name)
  await registry(events).create(context, named('old'), inDefault)
  await registry(events).create(context, named('renewed'), inDefault)
  await clock.advance(1_800_000)
  await registry(events).update(
    context,
    { ...inDefault, name: 'renewed' },
    {
      transform: current => ({ ...current!, count: 2 }) as never,
    },
  )
  await clock.advance(1_740_000)
  expect(await names()).toEqual(['old', 'renewed'])
  await clock.advance(180_000)
  expect(await names()).toEqual(['renewed'])
  await clock.advance(1_800_000)
  expect(await names()).toEqual([])
  await registries.close()
})
