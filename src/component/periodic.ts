// Work that is done again and again: each run starts an interval after the one before has ended.
import type { Clock, Timer } from './clock.ts'

export interface PeriodicOptions {
  readonly clock: Clock
  readonly intervalMs: number
  readonly run: () => Promise<unknown>
  /** A run failed; the next one comes all the same. Not called once stopped. */
  readonly onError: (error: unknown) => void
}

export class Periodic {
  readonly #options: PeriodicOptions
  #timer: Timer | undefined
  #running = false

  constructor(options: PeriodicOptions) {
    this.#options = options
  }

  /** The first run comes after `firstDelayMs`; default: the interval. */
  start(firstDelayMs = this.#options.intervalMs): void {
    this.#running = true
    this.#schedule(firstDelayMs)
  }

  stop(): void {
    this.#running = false
    this.#timer?.cancel()
  }

  #schedule(delayMs: number): void {
    if (this.#running) this.#timer = this.#options.clock.after(delayMs, () => void this.#run())
  }

  async #run(): Promise<void> {
    try {
      await this.#options.run()
    } catch (error) {
      if (this.#running) this.#options.onError(error)
    }
    this.#schedule(this.#options.intervalMs)
  }
}
