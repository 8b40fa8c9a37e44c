// Calls a container runtime over its socket: one method for all calls of runtimeapi.ts, and containerd's own
// stream of events, which says at once when a process has ended (containerd 1.6 has no CRI call for that).
import { connect } from 'node:net'
import type { Clock } from '../../component/clock.ts'
import { GRPCChannel } from '../../grpc/channel.ts'
import { bytes, defineMessage, message, text, texts } from '../../protobuf/message.ts'
import type { RPC } from './runtimeapi.ts'
import type { RuntimeMetrics } from './runtimemetrics.ts'

/** Upstream's --runtime-request-timeout. */
const defaultTimeoutMs = 120_000

const subscribeRequest = defineMessage({ filters: texts(1) })
const envelope = defineMessage({
  namespace: text(2),
  topic: text(3),
  event: message(4, defineMessage({ typeUrl: text(1), value: bytes(2) })),
})
const taskExit = defineMessage({ containerId: text(1), id: text(2) })

/** The containerd namespace in which its CRI plugin keeps everything. */
const criNamespace = 'k8s.io'

export class CRIClient {
  readonly #channel: GRPCChannel
  readonly #metrics: RuntimeMetrics | undefined

  constructor(socketPath: string, clock: Clock, metrics?: RuntimeMetrics) {
    this.#metrics = metrics
    this.#channel = new GRPCChannel(() => connect(socketPath), clock)
  }

  /** Throws GRPCError. */
  async call<Input, Output>(
    { path, request, response }: RPC<Input, Output>,
    input: Input,
    { timeoutMs = defaultTimeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<Output> {
    const call = () => this.#channel.call({ path, message: request.encode(input) }, timeoutMs)
    return response.decode(await (this.#metrics ? this.#metrics.measure(path, call) : call()))
  }

  /**
   * Tells the id of each container, or sandbox, whose process ends from now on. Resolves when `signal` is
   * aborted or the runtime ends the stream; throws GRPCError where it cannot be had.
   */
  watchExits(onExit: (id: string) => void, signal: AbortSignal): Promise<void> {
    const call = {
      path: '/containerd.services.events.v1.Events/Subscribe',
      message: subscribeRequest.encode({ filters: [`namespace==${criNamespace},topic=="/tasks/exit"`] }),
      metadata: { 'containerd-namespace': criNamespace },
    }
    const receive = (bytes: Buffer) => {
      const { event } = envelope.decode(bytes)
      const { containerId, id } = taskExit.decode(event?.value ?? Buffer.alloc(0))
      // Commands that ran in a container have an id of their own.
      if (id === containerId || id === '') onExit(containerId)
    }
    return this.#channel.subscribe(call, receive, signal)
  }

  close(): void {
    this.#channel.close()
  }
}
