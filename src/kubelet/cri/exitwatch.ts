// Hears of processes that end: at once from the runtime's stream of events, and by looking at everything now
// and then, or every second where there is no such stream (upstream pkg/kubelet/pleg). A runtime that went
// away is asked again until it is back.
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import type { CRIClient } from './criclient.ts'

const retryMs = 500
const pollMs = 1000
/** Whatever an event did not say is seen then. */
const relistMs = 10_000

export interface ExitWatchOptions {
  readonly client: CRIClient
  readonly clock: Clock
  readonly log: Logger
  /** Of a container or a sandbox. */
  onExit(id: string): void
  /** Compares what is known with all that there is. */
  relist(): Promise<void>
}

export class ExitWatch {
  readonly #options: ExitWatchOptions
  readonly #stopping = new AbortController()
  #isStreaming = false

  constructor(options: ExitWatchOptions) {
    this.#options = options
  }

  start(): void {
    void this.#stream()
    void this.#relist()
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #stream(): Promise<void> {
    const { client, clock, log, onExit } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        this.#isStreaming = true
        const ended = client.watchExits(onExit, signal)
        // What ended before the stream began.
        void this.#look()
        await ended
      } catch (error) {
        log.debug('the runtime tells of no exits', { error: String(error) })
      }
      this.#isStreaming = false
      await clock.sleep(retryMs, signal).catch(() => undefined)
    }
  }

  async #relist(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await clock.sleep(this.#isStreaming ? relistMs : pollMs, signal).catch(() => undefined)
      if (!signal.aborted) await this.#look()
    }
  }

  async #look(): Promise<void> {
    try {
      await this.#options.relist()
    } catch (error) {
      this.#options.log.debug('the runtime cannot be asked', { error: String(error) })
    }
  }
}
