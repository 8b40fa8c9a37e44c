// From the value of --store to a Store. A driver is imported when it is asked for, so that nobody pays for
// the others.
import type { EtcdStoreOptions } from './etcd.ts'
import { type Store, StoreError } from './store.ts'

/** What a driver cannot know from the location alone. */
export interface OpenStoreOptions {
  readonly etcd?: EtcdStoreOptions
}

interface Driver {
  /** What follows the scheme and a colon. */
  readonly argument: string | undefined
  open(argument: string, options: OpenStoreOptions): Promise<Store>
}

const drivers: Readonly<Record<string, Driver>> = {
  memory: {
    argument: undefined,
    open: async () => (await import('./memory.ts')).openMemoryStore(),
  },
  lmdb: {
    argument: 'DIR',
    open: async directory => (await import('./lmdb.ts')).openLMDBStore(directory),
  },
  etcd: {
    argument: 'URL,...',
    open: async (endpoints, { etcd }) => (await import('./etcd.ts')).openEtcdStore(endpoints, etcd),
  },
}

const forms = Object.entries(drivers)
  .map(([scheme, { argument }]) => (argument ? `${scheme}:${argument}` : scheme))
  .join(' or ')

/**
 * Opens the store that `location` names: `memory`, `lmdb:DIR` with the directory that it is kept in, or
 * `etcd:URL,...` with the endpoints of one cluster's members.
 */
export async function openStore(location: string, options: OpenStoreOptions = {}): Promise<Store> {
  const colon = location.indexOf(':')
  const scheme = colon < 0 ? location : location.slice(0, colon)
  const argument = colon < 0 ? '' : location.slice(colon + 1)
  const driver = Object.hasOwn(drivers, scheme) ? drivers[scheme] : undefined
  if (!driver || (driver.argument !== undefined) !== (argument !== '')) {
    throw new StoreError('Unavailable', `Cannot open the store ${location}: expected ${forms}`)
  }
  return driver.open(argument, options)
}
