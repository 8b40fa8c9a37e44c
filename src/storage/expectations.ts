// What a write must be, and what it expects to find: the same words from every driver.
import { StoreError, type WriteOperation } from './store.ts'

const mostOperations = 65_535

/** Throws StoreError `InvalidWrite` for what no driver takes. */
export function checkOperations(operations: readonly WriteOperation[]): void {
  if (operations.length === 0) {
    throw new StoreError('InvalidWrite', 'Cannot write: there are no operations, expected at least one')
  }
  if (operations.length > mostOperations) {
    const message = `Cannot write ${operations.length} operations at once, expected at most ${mostOperations}`
    throw new StoreError('InvalidWrite', message)
  }
  const keys = new Set<string>()
  for (const [operation, { key }] of operations.entries()) {
    if (key === '') throw new StoreError('InvalidWrite', 'Cannot write: a key is empty', { operation, key })
    if (operations.length > 1) {
      if (keys.has(key)) {
        throw new StoreError('InvalidWrite', `Cannot write ${key} twice in one write`, { operation, key })
      }
      keys.add(key)
    }
  }
}

/**
 * Throws StoreError `KeyExists`, `NotFound` or `Conflict` when `found`, the revision of the operation's key,
 * or undefined where there is none, is not what the operation expects. `index` is its place in the write.
 */
export function checkExpectation(operation: WriteOperation, index: number, found: number | undefined): void {
  const { type, key } = operation
  if (type === 'create') {
    if (found === undefined) return
    const details = { operation: index, key, revision: found }
    throw new StoreError('KeyExists', `Cannot create ${key}: it exists with revision ${found}`, details)
  }
  if (found === undefined) {
    const details = { operation: index, key }
    throw new StoreError('NotFound', `Cannot ${type} ${key}: there is no such key`, details)
  }
  if (found !== operation.expectedRevision) {
    const message = `Cannot ${type} ${key}: its revision is ${found}, expected ${operation.expectedRevision}`
    throw new StoreError('Conflict', message, { operation: index, key, revision: found })
  }
}
