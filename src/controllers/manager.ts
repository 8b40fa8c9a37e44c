// Runs controllers: one set of informers for all of them, filled before the first controller starts.
import type { Client } from '../client/client.ts'
import { Events } from '../client/events.ts'
import { Informers } from '../client/informers.ts'
import type { Clock } from '../component/clock.ts'
import { type Component, startAll, stopAll } from '../component/component.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import { Cache, CachingClient } from './cache.ts'
import type { Controller } from './controller.ts'

export interface ControllerManagerOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log?: Logger
  /** Where queues are measured. */
  readonly metrics?: MetricSet
  readonly tracer?: Tracer | undefined
  readonly controllers: readonly Controller[]
  /**
   * Shared with other parts of the process, who then start and stop them; absent: the manager has its own.
   */
  readonly informers?: Informers
}

/** A Component: `start` resolves when every controller has its cache and works. */
export class ControllerManager implements Component {
  readonly name = 'controller-manager'
  readonly #options: ControllerManagerOptions
  readonly #log: Logger
  #informers: Informers | undefined
  #events: Events | undefined
  #running: Component[] = []

  constructor(options: ControllerManagerOptions) {
    this.#options = options
    this.#log = options.log ?? silentLogger
  }

  async start(): Promise<void> {
    const { client, clock, controllers, metrics, tracer } = this.#options
    const informers = this.#options.informers ?? new Informers({ client, clock, log: this.#log })
    const events = new Events({ client, clock, log: this.#log })
    this.#informers = informers
    this.#events = events
    const cache = new Cache(informers)
    const cachingClient = new CachingClient(client, informers)
    const environment = { client: cachingClient, cache, events, clock, log: this.#log, metrics, tracer }
    this.#running = controllers.map(controller => controller.create(environment))
    await informers.start()
    await startAll(this.#running)
    this.#log.child(this.name).info('controllers work', { controllers: controllers.length })
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = []
    await stopAll(running)
    await this.#events?.close()
    if (!this.#options.informers) await this.#informers?.stop()
  }

  /** Resolves when the Events recorded so far are written. */
  async eventsFlushed(): Promise<void> {
    await this.#events?.flushed()
  }
}
