// What a resource does around a write beyond its own object, such as allocating a Service's addresses:
// upstream's BeginCreate, BeginUpdate and AfterDelete (k8s.io/apiserver pkg/registry/generic/registry).
import type { KubeObject } from '../../api/object.ts'
import type { WriteOperation } from '../../storage/store.ts'

/**
 * Further operations that are committed in the same store write as the object, and what to do about the
 * outcome.
 */
export interface PendingWrite {
  readonly operations: readonly WriteOperation[]
  /** The write is durable. */
  commit(): void
  /** Nothing was written: give back what was taken. */
  abort(): void
}

export interface HookOptions {
  /** Check and fill in as for a real write, but take nothing. */
  readonly dryRun: boolean
}

/**
 * `begin*` runs after defaulting, admission and prepareFor*, before validation, may change `object` in
 * place and throws StatusError. When the store refuses one of the extra operations the registry aborts and
 * begins again, a few times.
 */
export interface RegistryHooks<T extends KubeObject = KubeObject> {
  beginCreate?(object: T, options: HookOptions): Promise<PendingWrite>
  beginUpdate?(object: T, previous: T, options: HookOptions): Promise<PendingWrite>
  /** Operations that join the deletion's write. */
  beginDelete?(object: T, options: HookOptions): Promise<PendingWrite>
  /** Another server took what a write of ours wanted: better look elsewhere next time. */
  lostRace?(): void
}

export const nothingPending: PendingWrite = {
  operations: [],
  commit: () => undefined,
  abort: () => undefined,
}
