// What to do when another server was faster, or this one has not heard of the newest write yet: look at the
// newest state and begin again, as upstream's GuaranteedUpdate does (k8s.io/apiserver
// pkg/storage/etcd3/store.go). An error that comes of an old state is never the caller's.
import { StoreError } from '../../storage/store.ts'
import { toStatusError } from './errors.ts'
import { keyIn, type RegistryScope } from './scope.ts'
import type { Stored } from './stored.ts'

/** How often one begins again: each time, somebody else has got something done. */
export const raceAttempts = 50

export interface Target {
  readonly namespace: string
  readonly name: string
}

/** An operation that a hook added met something unexpected. */
export const isHooksConflict = (error: unknown): error is StoreError =>
  error instanceof StoreError &&
  (error.details.operation ?? 0) > 0 &&
  (error.code === 'Conflict' || error.code === 'KeyExists' || error.code === 'NotFound')

/** The store has decided against the write. */
const isRefused = (error: StoreError) =>
  error.code === 'Conflict' || error.code === 'NotFound' || isHooksConflict(error)

/** The object as this server knows it. */
export const known = ({ cache, resource }: RegistryScope, { namespace, name }: Target): Stored | undefined =>
  cache.get(resource.namespaced ? namespace : '', name)

/** Brings what this server knows up to date, after a write that met something else. */
export async function catchUp(scope: RegistryScope, error: unknown): Promise<void> {
  if (isHooksConflict(error)) scope.hooks.lostRace?.()
  await scope.cache.current()
}

/**
 * Runs work that reads an object, decides and writes, one at a time for each object; again when what it read
 * was not the newest. Throws StatusErrors.
 */
export async function onNewest<T>(
  scope: RegistryScope,
  { target, verb }: { readonly target: Target; readonly verb: string },
  work: () => Promise<T>,
): Promise<T> {
  return scope.locks.run(keyIn(scope, target.namespace, target.name), async () => {
    for (let attempt = 1; ; attempt++) {
      const read = known(scope, target)?.revision
      try {
        return await work()
      } catch (error) {
        const again = attempt < raceAttempts && (await wasRace(scope, { target, read, error }))
        if (!again) throw toStatusError(error, { resource: scope.resource, name: target.name, verb })
      }
    }
  })
}

interface Failure {
  readonly target: Target
  /** The revision that the work began from; undefined: there was no object. */
  readonly read: number | undefined
  readonly error: unknown
}

async function wasRace(scope: RegistryScope, { target, read, error }: Failure): Promise<boolean> {
  // A write of which nobody knows whether it has happened must not happen again.
  if (error instanceof StoreError && !isRefused(error)) return false
  try {
    await catchUp(scope, error)
  } catch {
    return false
  }
  return error instanceof StoreError || known(scope, target)?.revision !== read
}

/** That nothing is to be done is only true of the newest state: throws a conflict when this is another. */
export async function confirmNewest(scope: RegistryScope, current: Stored): Promise<void> {
  await scope.cache.current()
  const newest = known(scope, current)
  if (newest?.revision === current.revision) return
  throw new StoreError('Conflict', `Cannot rely on revision ${current.revision}: it is not the newest one`)
}
