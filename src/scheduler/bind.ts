// Binds Pods to nodes through POST pods/NAME/binding: many bindings are under way at once, but never more
// than the limit, so that the API server is kept busy and not buried.
import type { Pod } from '../api/generated/types.ts'
import { pods } from '../api/resources/core/pod.ts'
import type { Client } from '../client/client.ts'

export interface BinderOptions {
  readonly client: Client
  readonly maxInFlight: number
  /** A binding has ended when there had been too many. */
  readonly onRoom: () => void
}

export class Binder {
  readonly #options: BinderOptions
  #inFlight = 0
  #onIdle: (() => void)[] = []

  constructor(options: BinderOptions) {
    this.#options = options
  }

  get hasRoom(): boolean {
    return this.#inFlight < this.#options.maxInFlight
  }

  /** Resolves when the API server has bound it; throws its StatusError. */
  async bind(pod: Pod, nodeName: string): Promise<void> {
    const { namespace, name = '', uid } = pod.metadata
    this.#inFlight++
    try {
      await this.#options.client.createSubresource(
        pods,
        { namespace, name, subresource: 'binding' },
        {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { namespace, name, uid },
          target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
        },
      )
    } finally {
      const wasFull = !this.hasRoom
      this.#inFlight--
      if (wasFull) this.#options.onRoom()
      if (this.#inFlight === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
    }
  }

  /** Resolves when no binding is under way. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise(resolve => this.#onIdle.push(resolve))
  }
}
