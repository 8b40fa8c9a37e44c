// Who is making a run: written into the cluster beside what the run makes, so that the next start can tell
// what a killed run left behind from what another one is still using.
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface Owner {
  /** `<machine>-<process id>`. */
  readonly id: string
  /** Whether the process behind another id has ended; undefined when that cannot be told from here. */
  hasEnded(id: string): boolean | undefined
}

const readOrNothing = (read: () => string) => {
  try {
    return read()
  } catch {
    return ''
  }
}

/** Changes with each boot, and differs between containers with process ids of their own. */
function machineID(): string {
  const parts = [
    hostname(),
    readOrNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    readOrNothing(() => readlinkSync('/proc/self/ns/pid')),
  ]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export function thisProcess(): Owner {
  const machine = machineID()
  return {
    id: `${machine}-${process.pid}`,
    hasEnded(id) {
      const [other, pid] = id.split('-')
      if (other !== machine || !/^\d+$/.test(pid ?? '')) return undefined
      return !isRunning(Number(pid))
    },
  }
}
