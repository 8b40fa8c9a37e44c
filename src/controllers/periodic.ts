// Work that is done again and again rather than on a change: the next round begins a period after the last
// one ended.
import type { Clock, Timer } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger } from '../component/log.ts'

export interface PeriodicOptions {
  readonly name: string
  readonly periodMs: number
  readonly clock: Clock
  readonly log: Logger
  run(): Promise<void> | void
}

export function periodic({ name, periodMs, clock, log, run }: PeriodicOptions): Component {
  let timer: Timer | undefined
  let round: Promise<void> | undefined
  let isStopped = false
  async function once(): Promise<void> {
    try {
      await run()
    } catch (error) {
      log.warn('a periodic round failed', { name, error: String(error) })
    }
    round = undefined
    schedule()
  }
  function schedule(): void {
    if (isStopped) return
    timer = clock.after(periodMs, () => {
      round = once()
    })
  }
  return {
    name,
    start: async () => schedule(),
    async stop() {
      isStopped = true
      timer?.cancel()
      await round
    },
  }
}
