import { expect, test } from 'vitest'
import { defineResource } from '../../api/resource.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { LaggingStore } from '../../storage/store.fake.ts'
import { StoreError, type StoreWatch, type StoreWatchOptions } from '../../storage/store.ts'
import { context, named, nextTurn, openTestRegistries } from './registries.fake.ts'

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

/** Its watches can be lost. */
class FragileStore extends LaggingStore {
  readonly #watches = new Map<StoreWatch, StoreWatchOptions>()

  override async watch(options: StoreWatchOptions): Promise<StoreWatch> {
    const watch = await super.watch(options)
    this.#watches.set(watch, options)
    return watch
  }

  lose(): void {
    for (const [watch, { onEnd }] of this.#watches) {
      watch.close()
      onEnd(new StoreError('Compacted', 'Cannot go on with the watch'))
    }
    this.#watches.clear()
  }
}

test('Events that came while the watch of the store was lost go too', async () => {
  const store = openMemoryStore()
  const fragile = new FragileStore(store)
  const { registry, clock, registries } = await openTestRegistries({ resources: [events], store: fragile })
  const other = await openTestRegistries({ resources: [events], store })
  await registry(events).create(context, named('before'), inDefault)
  await clock.advance(60_000)
  fragile.lose()
  await other.registry(events).create(context, named('meanwhile'), inDefault)
  // A sweep a minute, each with time to write.
  for (let minute = 0; minute < 64; minute++) {
    await clock.advance(60_000)
    for (let turn = 0; turn < 10; turn++) await nextTurn()
  }
  expect((await registry(events).list(context, {})).items).toEqual([])
  await registries.close()
  await other.registries.close()
})
