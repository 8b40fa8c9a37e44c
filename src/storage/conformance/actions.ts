// What the tests of the Store contract say over and over.
import { expect } from 'vitest'
import {
  type Store,
  StoreError,
  type StoreErrorCode,
  type StoreEvent,
  type StoreWatchOptions,
  type WriteOperation,
} from '../store.ts'

export type Current = () => Store

export const create = (key: string, value = key): WriteOperation => ({
  type: 'create',
  key,
  value: Buffer.from(value),
})
export const update = (key: string, value: string, expectedRevision: number): WriteOperation => ({
  type: 'update',
  key,
  value: Buffer.from(value),
  expectedRevision,
})
export const remove = (key: string, expectedRevision: number): WriteOperation => ({
  type: 'delete',
  key,
  expectedRevision,
})

export async function createAll(store: Store, keys: readonly string[]): Promise<number[]> {
  const revisions: number[] = []
  for (const key of keys) revisions.push(await store.write([create(key)]))
  return revisions
}

export const keysOf = (entries: readonly { readonly key: string }[]) => entries.map(({ key }) => key)

export async function listKeys(store: Store, prefix: string, revision?: number): Promise<string[]> {
  return keysOf((await store.list({ prefix, revision })).entries)
}

/** The StoreError that an operation throws. */
export async function failure(operation: Promise<unknown>): Promise<StoreError> {
  const error = await operation.then(
    () => undefined,
    reason => reason,
  )
  expect(error).toBeInstanceOf(StoreError)
  return error as StoreError
}

export async function expectCode(operation: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  expect((await failure(operation)).code).toBe(code)
}

/** `create /a@2 "value"`, and for what there was before, ` was @2 "value"`. */
function describeEvent({ type, key, value, revision, createRevision, previous }: StoreEvent): string {
  const before = previous ? ` was @${previous.revision} "${previous.value}"` : ''
  const from = createRevision === revision ? '' : ` from ${createRevision}`
  return `${type} ${key}@${revision}${from} "${value}"${before}`
}

/** A watch that writes down what it is given. */
export async function record(store: Store, options: Pick<StoreWatchOptions, 'prefix' | 'afterRevision'>) {
  const events: StoreEvent[] = []
  const ends: StoreErrorCode[] = []
  const watch = await store.watch({
    ...options,
    withPrevious: true,
    onEvents: more => void events.push(...more),
    onEnd: error => void ends.push(error.code),
  })
  return { events, ends, watch, seen: () => events.map(describeEvent) }
}
