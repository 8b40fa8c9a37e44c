// One process at a time may have a store's directory open. The owner stands in the store itself and is
// changed inside LMDB's write transaction, which is exclusive between processes; an owner that has died is
// no obstacle.
import { readFileSync, realpathSync } from 'node:fs'
import type { Database } from 'lmdb'
import { StoreError } from './store.ts'

export interface Owned {
  release(): Promise<void>
}

interface Owner {
  readonly pid: number
  /**
   * What tells the process from a later one with the same number: boot and start time, where they can be
   * known.
   */
  readonly started: string
}

const ownerKey = Buffer.from('owner')
/** Directories that this process has open: LMDB would let it open one twice. */
const open = new Set<string>()

/** Makes this process the owner, or throws `Unavailable` naming the process that is. */
export function claim(state: Database<Buffer, Buffer>, directory: string): Owned {
  const path = realpathSync(directory)
  if (open.has(path)) throw inUse(directory, `this process (pid ${process.pid}) has it open`)
  state.transactionSync(() => {
    const owner = parseOwner(state.getBinary(ownerKey))
    if (owner && owner.pid !== process.pid && startOf(owner.pid) === owner.started) {
      throw inUse(directory, `process ${owner.pid} has it open; stop that one first`)
    }
    const self: Owner = { pid: process.pid, started: startOf(process.pid)! }
    state.putSync(ownerKey, Buffer.from(JSON.stringify(self)))
  })
  open.add(path)
  return {
    release: async () => {
      await state.remove(ownerKey)
      open.delete(path)
    },
  }
}

const inUse = (directory: string, why: string) =>
  new StoreError('Unavailable', `Cannot open the store in ${directory}: ${why}`)

function parseOwner(value: Buffer | undefined): Owner | undefined {
  return value && (JSON.parse(value.toString()) as Owner)
}

/** When the process started, or undefined when there is none. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined
  }
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // proc(5): the second field is the name in parentheses and may hold anything, the 22nd is the start
    // time.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return 'unknown'
  }
}
