// The Store contract as tests. A driver passes them all: `storeConformance('mine', openAnEmptyStore)` in a
// vitest file. The parts are in conformance/.
import { afterEach, beforeEach, describe } from 'vitest'
import { defineCompaction, defineWatchCompaction } from './conformance/compaction.ts'
import { defineHistory, defineLists, definePaging, defineReads } from './conformance/reads.ts'
import { defineWatches, defineWatchHistory, defineWatchOrder } from './conformance/watches.ts'
import { defineClosing, defineConcurrency, defineFailures, defineWrites } from './conformance/writes.ts'
import type { Store } from './store.ts'

/**
 * Registers the contract's tests. `open` gives an empty store, each time another one; the suite closes it.
 */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  describe(`${name} keeps the Store contract`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())
    for (const define of [
      defineReads,
      defineWrites,
      defineFailures,
      defineLists,
      definePaging,
      defineHistory,
      defineCompaction,
      defineWatchCompaction,
      defineWatches,
      defineWatchHistory,
      defineWatchOrder,
      defineConcurrency,
      defineClosing,
    ]) {
      define(() => store)
    }
  })
}
