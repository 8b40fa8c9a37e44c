// What a kubelet tells about its node, as upstream's (pkg/kubelet, kubelet_node_status.go): that it has
// started, that the node has room, is ready or not, takes Pods or not.
import type { Node } from '../api/generated/types.ts'
import { nodes } from '../api/resources/core/node.ts'
import type { EventRecorder } from '../client/events.ts'

export class NodeEvents {
  readonly #recorder: EventRecorder
  readonly #name: string
  #isReady: boolean | undefined
  #isSchedulable = true

  constructor(recorder: EventRecorder, name: string) {
    this.#recorder = recorder
    this.#name = name
  }

  #tell(reason: string, message: string): void {
    // Kubelets know their node by its name before they know its uid, and stay with that.
    const object = { metadata: { name: this.#name, uid: this.#name } }
    this.#recorder.event({ resource: nodes, object }, 'Normal', { reason, message })
  }

  #status(reason: string): void {
    this.#tell(reason, `Node ${this.#name} status is now: ${reason}`)
  }

  started(): void {
    this.#tell('Starting', 'Starting kubelet.')
    for (const what of ['SufficientMemory', 'NoDiskPressure', 'SufficientPID']) this.#status(`NodeHas${what}`)
  }

  /** Tells it when it has changed. */
  ready(isReady: boolean): void {
    if (isReady === this.#isReady || (!isReady && this.#isReady === undefined)) return
    this.#isReady = isReady
    this.#status(isReady ? 'NodeReady' : 'NodeNotReady')
  }

  /** The Node as the API has it. */
  seen({ spec = {} }: Node): void {
    const isSchedulable = !spec.unschedulable
    if (isSchedulable === this.#isSchedulable) return
    this.#isSchedulable = isSchedulable
    this.#status(isSchedulable ? 'NodeSchedulable' : 'NodeNotSchedulable')
  }
}
