// What a cluster is about to make on the host, written down before it is made: after a crash of everything
// the next start, or `futago down`, finds it and takes it away. Other clusters read it to stay apart.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import { isRunning } from '../../host/processes.ts'
import type { ClusterRanges } from './freeranges.ts'
import { runRoot } from './hostnames.ts'

export interface HostRecord {
  readonly name: string
  readonly stateDirectory: string
  readonly hash: string
  readonly ranges: ClusterRanges
}

const fileName = 'cluster.json'

/** All clusters that have things on this host. */
export function readHostRecords(root = runRoot): HostRecord[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .map(hash => join(root, hash, fileName))
    .filter(existsSync)
    .map(path => JSON.parse(readFileSync(path, 'utf8')) as HostRecord)
}

export function writeHostRecord(record: HostRecord, root = runRoot): void {
  const directory = join(root, record.hash)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, fileName), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
}

const lockName = 'lock'
const pollMs = 10

/** Who holds the lock, if that process still runs. */
function holder(lock: string): number | undefined {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    return isRunning(pid) ? pid : undefined
  } catch {
    return undefined
  }
}

/** Runs `work` while no other cluster of this host is doing the same: choosing ranges, leaving. */
export async function withHostLock<T>(clock: Clock, work: () => Promise<T>, root = runRoot): Promise<T> {
  const lock = join(root, lockName)
  for (;;) {
    try {
      mkdirSync(root, { recursive: true, mode: 0o755 })
      writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 })
      break
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // The last cluster to leave takes the folder with it.
      if (code === 'ENOENT') continue
      if (code !== 'EEXIST') throw error
      if (holder(lock) === undefined) rmSync(lock, { force: true })
      else await clock.sleep(pollMs)
    }
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}
