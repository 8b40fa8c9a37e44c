// The Store of a cluster, as its settings name it.
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import { withoutCredentials } from '../storage/etcdendpoints.ts'
import { openStore } from '../storage/open.ts'
import { type Store, StoreError } from '../storage/store.ts'
import { type ClusterConfig, ConfigError } from './config.ts'
import type { StateDirectory } from './statedirectory.ts'

/** Other processes may be servers of the same cluster. */
export const isShared = ({ store }: ClusterConfig): boolean => store.startsWith('etcd:')

const recovery = (name: string) =>
  `; a snapshot brings it back: futago snapshot restore FILE --force --name ${name}`

/** Throws ConfigError when it cannot be opened. */
export async function openClusterStore(
  config: ClusterConfig,
  directory: StateDirectory | undefined,
  context: { readonly clock: Clock; readonly log: Logger },
): Promise<Store> {
  const url = config.store === 'lmdb' && directory ? `lmdb:${directory.file('store')}` : config.store
  try {
    return await openStore(url, { etcd: { ...config.etcd, ...context } })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const remedy = error.code === 'Corrupt' && config.store === 'lmdb' ? recovery(config.name) : ''
    throw new ConfigError(`Cannot open --store ${withoutCredentials(url)}: ${error.message}${remedy}`)
  }
}
