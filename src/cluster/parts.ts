// The parts of a cluster that runs: started one after the other, stopped in reverse, and how the API server
// finds kubelets that are started after it.
import type { KubeletConnector } from '../api/kubeletapi.ts'
import { StatusError } from '../api/status.ts'
import { type Component, startAll, stopAll } from '../component/component.ts'

/** How the API server reaches kubelets, which exist only after it. */
export class Kubelets {
  #connector: KubeletConnector | undefined

  set(connector: KubeletConnector): void {
    this.#connector = connector
  }

  readonly connect: KubeletConnector = async nodeName => {
    if (this.#connector) return this.#connector(nodeName)
    throw new StatusError({
      code: 503,
      reason: 'ServiceUnavailable',
      message: `node ${nodeName} is still starting`,
    })
  }
}

export class RunningParts {
  readonly #components: Component[] = []

  /** Starts a part, to be stopped before those that were added earlier. */
  async add(component: Component): Promise<void> {
    await startAll([component])
    this.#components.push(component)
  }

  async stop(): Promise<void> {
    await stopAll(this.#components.splice(0))
  }
}

/** What needs only to be stopped. */
export const part = (name: string, stop: () => Promise<void>): Component => ({
  name,
  start: async () => undefined,
  stop,
})
