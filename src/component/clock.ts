// The only door to time: everything that waits or reads the time is given a Clock, so that tests can hold
// it.
import { performance } from 'node:perf_hooks'
import * as timers from 'node:timers'

// Taken as they are when this module is loaded: test runners put others in their place, to hold the time of
// what they test, and a cluster in the same process has to go on.
const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers
const wallClock = Date.now
const monotonic = performance.now.bind(performance)

/** Calls back when what is ready now has had its turn of the event loop. */
export function onNextTurn(callback: () => void): void {
  setImmediate(callback)
}

/** Resolves when what is ready now has had its turn of the event loop. */
export const nextTurn = (): Promise<void> => new Promise(onNextTurn)

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall-clock time in whole milliseconds since the epoch. */
  now(): number
  /** Milliseconds that only ever grow; for measuring durations. */
  monotonic(): number
  /** Calls back once after `delayMs`. A pending timer does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer
  /** Resolves after `delayMs`, or rejects with the signal's reason as soon as it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** What Node's timers can hold, 24 days; they fire at once when they are given more. */
const longestDelayMs = 2 ** 31 - 1

function afterLong(delayMs: number, callback: () => void): Timer {
  let timer = systemClock.after(longestDelayMs, () => {
    timer = systemClock.after(delayMs - longestDelayMs, callback)
  })
  return { cancel: () => timer.cancel() }
}

export const systemClock: Clock = {
  now: () => wallClock(),
  monotonic: () => monotonic(),
  after(delayMs, callback) {
    if (delayMs > longestDelayMs) return afterLong(delayMs, callback)
    const handle = setTimeout(callback, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
}

/** For what programs with a time of their own look at, certificates: a test may have moved this one ahead. */
export const earliestNow = (clock: Clock): number => Math.min(clock.now(), systemClock.now())

/**
 * Runs `work` and keeps the process alive until it is done: timers alone do not, nor do programs that run on
 * their own.
 */
export async function keepAlive<T>(work: () => Promise<T>): Promise<T> {
  const longest = 2 ** 31 - 1
  const handle = setInterval(() => undefined, longest)
  try {
    return await work()
  } finally {
    clearInterval(handle)
  }
}

/**
 * Time that passes as it does, and jumps ahead when a test says so: what is due by then happens at once.
 */
export class JumpingClock implements Clock {
  #aheadMs = 0
  readonly #pending = new Set<{ readonly dueMs: number; fire(): void }>()

  now() {
    return Math.floor(systemClock.now() + this.#aheadMs)
  }

  monotonic() {
    return systemClock.monotonic() + this.#aheadMs
  }

  after(delayMs: number, callback: () => void): Timer {
    const cancel = () => {
      timer.cancel()
      this.#pending.delete(pending)
    }
    const fire = () => {
      cancel()
      callback()
    }
    const pending = { dueMs: this.monotonic() + Math.max(0, delayMs), fire }
    const timer = systemClock.after(delayMs, fire)
    this.#pending.add(pending)
    return { cancel }
  }

  sleep(delayMs: number, signal?: AbortSignal) {
    return sleepOn(this, delayMs, signal)
  }

  /**
   * Jumps ahead by `stepMs`, from one timer that is due to the next; between two of them what the first one
   * set off gets a turn.
   */
  async advance(stepMs: number): Promise<void> {
    const end = this.monotonic() + stepMs
    for (;;) {
      const due = [...this.#pending].filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (!due) break
      this.#aheadMs += Math.max(0, due.dueMs - this.monotonic())
      due.fire()
      await nextTurn()
    }
    this.#aheadMs += Math.max(0, end - this.monotonic())
    await nextTurn()
  }
}

interface Waiting {
  readonly due: number
  readonly callback: () => void
}

/**
 * A clock that stands still until `advance` is called; timers due within the step fire in order of time.
 */
export class FakeClock implements Clock {
  #now: number
  readonly #start: number
  readonly #waiting = new Set<Waiting>()

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
    this.#start = now
  }

  now() {
    return Math.floor(this.#now)
  }

  monotonic() {
    return this.#now - this.#start
  }

  after(delayMs: number, callback: () => void): Timer {
    const waiting = { due: this.#now + Math.max(0, delayMs), callback }
    this.#waiting.add(waiting)
    return { cancel: () => void this.#waiting.delete(waiting) }
  }

  sleep(delayMs: number, signal?: AbortSignal) {
    return sleepOn(this, delayMs, signal)
  }

  /**
   * Moves time forward by `stepMs`; between two timers the promises that the first one settled get to run.
   */
  async advance(stepMs: number): Promise<void> {
    const end = this.#now + stepMs
    for (;;) {
      let next: Waiting | undefined
      for (const waiting of this.#waiting) {
        if (waiting.due <= end && (!next || waiting.due < next.due)) next = waiting
      }
      if (!next) break
      this.#waiting.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.callback()
      await nextTurn()
    }
    this.#now = end
    await nextTurn()
  }
}
