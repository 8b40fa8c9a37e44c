// Processes by the program they run, read from /proc: how what a dead process left running is found again
// without having kept its number, which may be another's by now.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Clock } from '../component/clock.ts'

const deleted = ' (deleted)'

/** What `/proc` says; undefined when the process ended meanwhile or is somebody else's. */
function unlessEnded<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

const pids = (): number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)

/** The file a process runs, also when it was deleted since. */
function programOf(pid: number): string | undefined {
  const target = unlessEnded(() => readlinkSync(`/proc/${pid}/exe`))
  return target?.endsWith(deleted) ? target.slice(0, -deleted.length) : target
}

/** Its command line as a list of words. */
export const commandLineOf = (pid: number): readonly string[] =>
  unlessEnded(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    ?.split('\0')
    .slice(0, -1) ?? []

/** The processes that run the program at `path`. */
export const findProcesses = (path: string): number[] => pids().filter(pid => programOf(pid) === path)

/** The processes with this word in their command line. */
export const findProcessesWith = (word: string): number[] =>
  pids().filter(pid => commandLineOf(pid).includes(word))

/** Zombies count as ended: they hold nothing. */
export function isRunning(pid: number): boolean {
  const stat = unlessEnded(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat !== undefined && !/^\d+ \(.*\) [ZX]/s.test(stat)
}

const pollMs = 5
const patienceMs = 10_000

/** Ends processes with SIGKILL; resolves when they are gone, throws when one will not go. */
export async function killProcesses(numbers: readonly number[], clock: Clock): Promise<void> {
  for (const pid of numbers) unlessEnded(() => process.kill(pid, 'SIGKILL'))
  const deadline = clock.monotonic() + patienceMs
  for (;;) {
    const left = numbers.filter(isRunning)
    if (left.length === 0) return
    if (clock.monotonic() > deadline) {
      throw new Error(`Cannot end the processes ${left.join(', ')}: they still run after SIGKILL`)
    }
    await clock.sleep(pollMs)
  }
}
