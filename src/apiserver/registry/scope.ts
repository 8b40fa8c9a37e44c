// What all verbs of one registry work with.

import type { Resource } from '../../api/resource.ts'
import type { Clock } from '../../component/clock.ts'
import type { KeyLocks } from '../../component/keylocks.ts'
import type { Logger } from '../../component/log.ts'
import type { Store } from '../../storage/store.ts'
import type { AdmissionPlugin } from '../admission/admission.ts'
import type { RegistryHooks } from './hooks.ts'
import { relativeKey } from './keys.ts'
import type { Codec } from './stored.ts'
import type { WatchCache } from './watchcache.ts'

export interface RegistryScope {
  readonly resource: Resource
  readonly store: Store
  readonly prefix: string
  readonly codec: Codec
  readonly cache: WatchCache
  readonly locks: KeyLocks
  /** The open watches. */
  readonly watches: Set<{ end(error?: unknown): void }>
  readonly clock: Clock
  readonly log: Logger
  readonly hooks: RegistryHooks
  readonly admission: readonly AdmissionPlugin[]
  /** Told how many objects a list from the cache looked at, and how many it found. */
  readonly onList?: ((looked: number, found: number) => void) | undefined
}

export const keyIn = (scope: RegistryScope, namespace: string, name: string) =>
  scope.prefix + relativeKey(scope.resource.namespaced ? namespace : '', name)
