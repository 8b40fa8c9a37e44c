// A write as a transaction of etcd: all of its expectations compared at once, and where one fails, the
// revisions that there are, to tell which.
import { compareTarget, etcdAPI } from './etcdapi.ts'
import type { EtcdClient } from './etcdclient.ts'
import type { EtcdKeys } from './etcdkeys.ts'
import { checkExpectation, checkOperations } from './expectations.ts'
import { StoreError, type WriteOperation } from './store.ts'

function describe(operations: readonly WriteOperation[]): string {
  const [{ type, key }] = operations as [WriteOperation]
  return operations.length === 1 ? `${type} ${key}` : `${type} ${key} and ${operations.length - 1} more`
}

export function planTransaction(operations: readonly WriteOperation[], keys: EtcdKeys) {
  const located = operations.map(operation => ({ operation, key: keys.toEtcd(operation.key) }))
  return {
    compare: located.map(({ operation, key }) => ({
      target: compareTarget.modRevision,
      key,
      modRevision: operation.type === 'create' ? 0 : operation.expectedRevision,
    })),
    success: located.map(({ operation, key }) =>
      operation.type === 'delete' ? { deleteRange: { key } } : { put: { key, value: operation.value } },
    ),
    failure: located.map(({ key }) => ({ range: { key, keysOnly: true } })),
  }
}

/** The revision of the write. Throws StoreError for the first expectation that failed. */
export async function writeToEtcd(
  client: EtcdClient,
  operations: readonly WriteOperation[],
  keys: EtcdKeys,
): Promise<number> {
  checkOperations(operations)
  const action = describe(operations)
  const response = await client.call(etcdAPI.txn, planTransaction(operations, keys), {
    action,
    isRepeatable: false,
  })
  const revision = response.header?.revision ?? 0
  if (response.succeeded) return revision
  for (const [index, operation] of operations.entries()) {
    checkExpectation(operation, index, response.responses[index]?.range?.kvs[0]?.modRevision)
  }
  throw new StoreError('Unavailable', `Cannot ${action}: etcd refused it and does not say why`)
}
