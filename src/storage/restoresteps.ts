// Brings a store that takes little at once, an etcd, to what a snapshot shows: step by step, each of which is
// a write as any other. Revisions are the store's own; what changed last is written last.
import { planRestore, type StoreSnapshot } from './snapshot.ts'
import type { Store, WriteOperation } from './store.ts'

/** What etcd takes by default, with room for what is around it: 128 operations, 1.5 MiB. */
const mostOperations = 100
const mostBytes = 1024 * 1024

const bytesOf = (operation: WriteOperation): number =>
  operation.key.length + (operation.type === 'delete' ? 0 : operation.value.length)

/** One operation that is larger than the most has a step of its own. */
export function planSteps(operations: readonly WriteOperation[]): WriteOperation[][] {
  const steps: WriteOperation[][] = []
  let bytes = 0
  for (const operation of operations) {
    const more = bytesOf(operation)
    const step = steps.at(-1)
    if (step && step.length < mostOperations && bytes + more <= mostBytes) {
      step.push(operation)
      bytes += more
    } else {
      steps.push([operation])
      bytes = more
    }
  }
  return steps
}

/**
 * Nobody else may write meanwhile: StoreError `Conflict` and the like. After an error the store holds a part
 * of the snapshot.
 */
export async function restoreInSteps(store: Store, snapshot: StoreSnapshot): Promise<void> {
  const { entries } = await store.list({ prefix: '' })
  const lastChange = ({ key }: WriteOperation) => snapshot.entries.get(key)?.revision ?? 0
  const operations = planRestore(snapshot, entries).sort((a, b) => lastChange(a) - lastChange(b))
  for (const step of planSteps(operations)) await store.write(step)
}
