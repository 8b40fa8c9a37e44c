// The informers of one process: one per resource, shared by all its controllers, as client-go's shared
// informer factory.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import type { Client } from './client.ts'
import { Informer } from './informer.ts'

export interface InformersOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log?: Logger
}

const idOf = ({ group, resource }: Resource, fieldSelector = '') => `${group}/${resource}?${fieldSelector}`

export class Informers {
  readonly #options: InformersOptions
  readonly #informers = new Map<string, Informer<KubeObject>>()
  #started = false
  #stopped = false

  constructor(options: InformersOptions) {
    this.#options = options
  }

  /**
   * The resource's informer; made by the first who asks, and started at once if `start` was called before.
   * With a field selector it is another one, which holds only what that selects.
   */
  of<T extends KubeObject>(resource: Resource<T>, fieldSelector?: string): Informer<T> {
    let informer = this.peek(resource, fieldSelector)
    if (!informer) {
      if (this.#stopped) throw new Error(`Cannot watch ${resource.resource}: the informers are stopped`)
      informer = new Informer<T>({ ...this.#options, resource, ...(fieldSelector ? { fieldSelector } : {}) })
      this.#informers.set(idOf(resource, fieldSelector), informer as unknown as Informer<KubeObject>)
      if (this.#started) informer.start()
    }
    return informer
  }

  /** The resource's informer if somebody has asked for it. */
  peek<T extends KubeObject>(resource: Resource<T>, fieldSelector?: string): Informer<T> | undefined {
    return this.#informers.get(idOf(resource, fieldSelector)) as unknown as Informer<T> | undefined
  }

  /** Starts those that exist and, from then on, new ones; resolves when all that exist now have synced. */
  async start(): Promise<void> {
    this.#started = true
    const informers = [...this.#informers.values()]
    for (const informer of informers) informer.start()
    await Promise.all(informers.map(informer => informer.synced))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#informers.values()].map(informer => informer.stop()))
  }
}
