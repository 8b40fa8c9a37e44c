// The door `futago/storage`: the Store contract, the drivers by name, and the contract as a test suite for
// one's own driver.
import type { Store } from './store.ts'

export type { EtcdStoreOptions } from './etcd.ts'
export { type OpenStoreOptions, openStore } from './open.ts'
export * from './store.ts'

/**
 * Registers the contract's tests in a vitest file: `await storeConformance('mine', openAnEmptyStore)`. The
 * suite is imported only here, so that nothing but tests needs vitest.
 */
export async function storeConformance(name: string, open: () => Promise<Store>): Promise<void> {
  const suite = await import('./conformance.ts')
  suite.storeConformance(name, open)
}
