// What a simulated container may take of the process it lives in. A real one has cgroups, limits and a
// scheduler; here everybody shares one thread and one heap, so that an endless loop, a fork bomb or an
// expression that never ends must not take them from the others.
import { type Context, createContext, Script } from 'node:vm'
import { nextTurn, systemClock } from '../../component/clock.ts'
import { ExpansionError, ShellExit } from './flow.ts'
import type { World } from './world.ts'

/** Reported like any other error of a command; the script goes on. */
export class LimitError extends ExpansionError {}

/** Of one word or variable, in characters. */
const longestText = 4 * 1024 * 1024
/** Of what a command keeps until its input ends. */
export const memoryBytes = 128 * 1024 * 1024
const mostProcesses = 256
/** For work that cannot be interrupted otherwise; who did too much of it lately gets the shorter time. */
const longestWorkMs = 1000
const shortestWorkMs = 50
const workShare = 0.1
/** So many commands in a row before others get their turn, and before the container has to pause. */
const turnCommands = 32
const pauseCommands = 10_000
const pauseMs = 20

export const outOfMemory = () => new LimitError('out of memory')

export function checkLength(length: number): void {
  if (length > longestText) throw outOfMemory()
}

interface Load {
  processes: number
  commands: number
}

/** By the container's files: all its processes share them. */
const loads = new WeakMap<object, Load>()

function loadOf({ files }: World): Load {
  const load = loads.get(files) ?? { processes: 0, commands: 0 }
  loads.set(files, load)
  return load
}

/** Runs what would be a process of its own. */
export async function forked<T>(world: World, work: () => Promise<T>): Promise<T> {
  const load = loadOf(world)
  if (load.processes >= mostProcesses) throw new LimitError("can't fork: Resource temporarily unavailable")
  load.processes++
  try {
    return await work()
  } finally {
    load.processes--
  }
}

/** Before each command: lets others run, and ends with the process. */
export async function takeTurn(world: World, signal: AbortSignal): Promise<void> {
  const load = loadOf(world)
  load.commands++
  if (signal.aborted) throw new ShellExit(143)
  if (load.commands % turnCommands === 0 || wasKilled) {
    wasKilled = false
    await nextTurn()
  }
  if (load.commands % pauseCommands === 0) await world.clock.sleep(pauseMs, signal)
}

const script = new Script('work()')
let context: Context | undefined

let wasKilled = false
let allowedMs = longestWorkMs
let measuredMs = systemClock.monotonic()

/** Changes what is allowed by what has been done since. */
function account(workMs: number): void {
  const now = systemClock.monotonic()
  allowedMs = Math.min(longestWorkMs, allowedMs + (now - measuredMs) * workShare - workMs)
  allowedMs = Math.max(shortestWorkMs, allowedMs)
  measuredMs = now
}

/** Work whose time is the input's to choose, such as a regular expression; killed when it takes too long. */
export function withinTime<T>(work: () => T): T {
  context ??= createContext({})
  context['work'] = work
  account(0)
  const begin = measuredMs
  try {
    return script.runInContext(context, { timeout: Math.ceil(allowedMs) })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    wasKilled = true
    throw new ShellExit(137)
  } finally {
    account(systemClock.monotonic() - begin)
    context['work'] = undefined
  }
}
