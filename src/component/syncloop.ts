// Brings something in line with what is wanted, whenever that may have changed: any number of requests while
// a run is going on are one more run after it. A run that fails is repeated, later and later.
import type { Clock, Timer } from './clock.ts'

export interface SyncLoopOptions {
  readonly clock: Clock
  /** Looks at the whole, and changes what is not as it must be. */
  readonly run: () => Promise<void>
  /** A run failed; it will be repeated. Not called once stopped. */
  readonly onError: (error: unknown) => void
  /** How long requests are gathered before a run. Default 10. */
  readonly delayMs?: number
  /** A run without a request comes after so long; absent: never. */
  readonly resyncMs?: number
}

const firstRetryMs = 250
const maxRetryMs = 30_000

export class SyncLoop {
  readonly #options: SyncLoopOptions
  #timer: Timer | undefined
  #dueAt = Number.POSITIVE_INFINITY
  #running: Promise<void> | undefined
  #isRequested = false
  #isActive = false
  #retryMs = firstRetryMs

  constructor(options: SyncLoopOptions) {
    this.#options = options
  }

  /** The first run; rejects when it fails, and then nothing is left running. */
  async start(): Promise<void> {
    this.#isActive = true
    this.#running = this.#options.run()
    try {
      await this.#running
    } catch (error) {
      this.#isActive = false
      throw error
    } finally {
      this.#running = undefined
    }
    this.#scheduleNext(undefined)
  }

  /** What is wanted may have changed. Before `start` and after `stop` nothing happens. */
  request(): void {
    if (!this.#isActive) return
    this.#isRequested = true
    if (!this.#running) this.#schedule(this.#options.delayMs ?? 10)
  }

  /** No run is going on, and none was asked for. */
  get isIdle(): boolean {
    return !this.#running && !this.#isRequested
  }

  /** Resolves when no run is going on, nor will be. */
  async stop(): Promise<void> {
    this.#isActive = false
    this.#cancel()
    await this.#running?.catch(() => undefined)
  }

  #cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  /** The sooner of what was planned before and this. */
  #schedule(delayMs: number): void {
    const dueAt = this.#options.clock.monotonic() + delayMs
    if (!this.#isActive || dueAt >= this.#dueAt) return
    this.#cancel()
    this.#dueAt = dueAt
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#cancel()
      this.#running = this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isRequested = false
    let failure: unknown
    try {
      await this.#options.run()
    } catch (error) {
      failure = error ?? new Error('no reason was given')
      if (this.#isActive) this.#options.onError(error)
    }
    this.#running = undefined
    this.#scheduleNext(failure)
  }

  #scheduleNext(failure: unknown): void {
    const { delayMs = 10, resyncMs } = this.#options
    if (failure !== undefined) {
      this.#schedule(this.#retryMs)
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs)
      return
    }
    this.#retryMs = firstRetryMs
    if (this.#isRequested) this.#schedule(delayMs)
    else if (resyncMs !== undefined) this.#schedule(resyncMs)
  }
}
