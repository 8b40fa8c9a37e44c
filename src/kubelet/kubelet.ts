// One node: registers itself, becomes Ready once it has a network, keeps a worker for each of its Pods and
// says what their containers said.
import type { Duplex, Readable } from 'node:stream'
import type { Node, Pod } from '../api/generated/types.ts'
import type {
  ContainerReference,
  ExecOptions,
  ExecSession,
  KubeletConnection,
  LogOptions,
  NodeUsage,
  Usage,
} from '../api/kubeletapi.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import { nodes } from '../api/resources/core/node.ts'
import { badRequest, isAlreadyExists, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/events.ts'
import type { KubeletContext } from './kubeletcontext.ts'
import { NodeEvents } from './nodeevents.ts'
import {
  changedStatus,
  type NodeDescription,
  newNode,
  nodeConditions,
  nodeStatus,
  noNetwork,
} from './nodestatus.ts'
import { PodWorker } from './podworker.ts'

export interface KubeletOptions {
  readonly description: NodeDescription
  readonly client: Client
  readonly context: KubeletContext
  /** For what there is to tell about the node itself; default: the context's. */
  readonly nodeEvents?: EventRecorder
  /** Of the whole machine; absent: that of the Pods together. */
  readonly machineUsage?: () => Usage
}

const sameText = (a: object, b: object | undefined) => JSON.stringify(a) === JSON.stringify(b)

export class Kubelet implements KubeletConnection {
  readonly #options: KubeletOptions
  readonly #workers = new Map<string, PodWorker>()
  readonly #events: NodeEvents
  #node: Node | undefined
  #isReady = false
  #notReady: string | undefined = noNetwork
  #isWriting = false
  /** Where its server listens, when that is not the usual port. */
  port: number | undefined
  /** Called once, when the node has become Ready. */
  onReady: () => void = () => undefined

  constructor(options: KubeletOptions) {
    this.#options = options
    const { description, nodeEvents, context } = options
    this.#events = new NodeEvents(nodeEvents ?? context.events, description.name)
    const wake = (uid: string) => this.#workers.get(uid)?.wake()
    options.context.runtime.onExit(wake)
    options.context.volumes?.onStale(wake)
  }

  get name(): string {
    return this.#options.description.name
  }

  get #description(): NodeDescription {
    const { description } = this.#options
    return this.port === undefined ? description : { ...description, kubeletPort: this.port }
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** As the API has it. */
  get node(): Node | undefined {
    return this.#node
  }

  /** Creates the Node, or takes over the one from before. */
  async register(): Promise<void> {
    const { client, context } = this.#options
    this.#events.started()
    const node = newNode(this.#description, context.clock.now())
    try {
      await this.setNode(await client.create(nodes, node))
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      // Before the first of what follows is heard of, which sets them right.
      this.#isReady = false
      this.#notReady = noNetwork
      const known = await client.get(nodes, { name: this.name })
      const { labels: ownLabels, annotations: ownAnnotations } = node.metadata
      const labels = { ...known.metadata.labels, ...ownLabels }
      const annotations = { ...known.metadata.annotations, ...ownAnnotations }
      const isSame =
        sameText(labels, known.metadata.labels) && sameText(annotations, known.metadata.annotations)
      const labelled = isSame
        ? known
        : await client.patch(nodes, { name: this.name }, { metadata: { labels, annotations } })
      await this.setNode(labelled)
    }
  }

  /** What the API says of the node: its ranges make it Ready. */
  async setNode(node: Node): Promise<void> {
    const known = Number(this.#node?.metadata.resourceVersion ?? 0)
    if (Number(node.metadata.resourceVersion ?? 0) < known) return
    this.#node = node
    this.#events.seen(node)
    const ranges = node.spec?.podCIDRs ?? []
    if (ranges.length === 0) return
    if (!this.#isReady) this.#options.context.runtime.setPodCIDRs(ranges)
    await this.checkRuntime()
  }

  /** Sees whether the runtime can run Pods, and reports what has changed. */
  async checkRuntime(): Promise<void> {
    if (this.#isWriting || !this.#node?.spec?.podCIDRs?.length) return
    this.#isWriting = true
    try {
      const notReady = await this.#options.context.runtime.notReady()
      const wasReady = this.#isReady
      const condition = this.#node.status?.conditions?.find(({ type }) => type === 'Ready')
      this.#isReady = notReady === undefined
      this.#notReady = notReady
      // Somebody may have given the node up, perhaps while this process was held: it is still here.
      const isKnown =
        condition?.status === (this.#isReady ? 'True' : 'False') &&
        (this.#isReady || condition.message === notReady)
      if (!isKnown || wasReady !== this.#isReady) await this.reportStatus()
      this.#events.ready(this.#isReady)
      if (wasReady !== this.#isReady) this.#logReady(notReady)
      if (!wasReady && this.#isReady) this.#becameReady()
    } finally {
      this.#isWriting = false
    }
  }

  #logReady(notReady: string | undefined): void {
    const { log } = this.#options.context
    if (notReady === undefined) log.info('the node is ready', { node: this.name })
    else log.warn('the node is not ready', { node: this.name, reason: notReady })
  }

  #becameReady(): void {
    this.onReady()
    for (const worker of this.#workers.values()) worker.wake()
  }

  /** Writes the whole status, with a heartbeat. */
  async reportStatus(): Promise<void> {
    const { client, context } = this.#options
    const conditions = nodeConditions(this.#node?.status?.conditions ?? [], {
      notReady: this.#notReady,
      nowMs: context.clock.now(),
    })
    const patch = {
      status: changedStatus(this.#node?.status ?? {}, nodeStatus(this.#description, conditions)),
    }
    const options = { subresource: 'status', type: 'strategic-merge' } as const
    try {
      const written = await client.patch(nodes, { name: this.name }, patch, options)
      const isNewer =
        Number(written.metadata.resourceVersion) >= Number(this.#node?.metadata.resourceVersion ?? 0)
      if (isNewer) this.#node = written
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** The Node was deleted: nothing is reported about it any more. */
  removeNode(): void {
    this.#node = undefined
  }

  /** Those that it looks after, as the API has them. */
  get pods(): readonly Pod[] {
    return [...this.#workers.values()].map(({ pod }) => pod)
  }

  setPod(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const known = this.#workers.get(uid)
    if (known) {
      known.update(pod)
      return
    }
    const admitted = () =>
      [...this.#workers.values()].filter(({ isActive }) => isActive).map(active => active.pod)
    const worker = new PodWorker(pod, this.#options.context, admitted)
    this.#workers.set(uid, worker)
    worker.wake()
  }

  removePod(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const worker = this.#workers.get(uid)
    if (!worker) return
    this.#workers.delete(uid)
    void worker.forget()
  }

  /** What there is from before a restart, of Pods that are no more. */
  async removeUnknownPods(known: ReadonlySet<string>): Promise<void> {
    const { runtime, volumes, log } = this.#options.context
    const uids = [...(await runtime.pods()).map(({ uid }) => uid), ...(volumes?.pods() ?? [])]
    const gone = [...new Set(uids)].filter(uid => !known.has(uid))
    await Promise.all(
      gone.map(async uid => {
        try {
          await runtime.removePod(uid)
          await volumes?.remove(uid)
        } catch (error) {
          log.warn('what is left of a Pod could not be removed', { uid, error: String(error) })
        }
      }),
    )
  }

  stop(): void {
    for (const worker of this.#workers.values()) worker.detach()
  }

  async logs(container: ContainerReference, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    const status = this.#workers.get(container.uid)?.pod.status
    const all = [
      ...(status?.containerStatuses ?? []),
      ...(status?.initContainerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ]
    const waiting = all.find(({ name }) => name === container.container)?.state?.waiting
    const hasRun = this.#options.context.runtime
      .containers(container.uid)
      .some(({ name }) => name === container.container)
    if (!hasRun && !options.previous) {
      const reasons: Readonly<Record<string, string>> = {
        ErrImagePull: "image can't be pulled",
        ImagePullBackOff: 'trying and failing to pull image',
      }
      const reason = waiting?.reason ?? 'ContainerCreating'
      throw badRequest(
        `container "${container.container}" in pod "${container.pod}" is waiting to start: ${reasons[reason] ?? reason}`,
      )
    }
    // While it waits to be started again, the last run is the previous one.
    const isBetween = waiting !== undefined && hasRun
    const chosen = isBetween && options.previous ? { ...options, previous: false } : options
    return this.#options.context.runtime.logs(container, chosen, signal)
  }

  exec(container: ContainerReference, options: ExecOptions): Promise<ExecSession> {
    return this.#options.context.runtime.exec(container, options)
  }

  attach(container: ContainerReference, options: Omit<ExecOptions, 'command'>): Promise<ExecSession> {
    return this.#options.context.runtime.attach(container, options)
  }

  portForward(pod: Omit<ContainerReference, 'container'>, port: number): Promise<Duplex> {
    return this.#options.context.runtime.portForward(pod, port)
  }

  async usage(): Promise<NodeUsage> {
    const { context, machineUsage } = this.#options
    const pods = await context.runtime.usage()
    return { node: machineUsage?.() ?? this.#sum(pods.flatMap(({ containers }) => containers)), pods }
  }

  #sum(usages: readonly Usage[]): Usage {
    const total = (value: (usage: Usage) => number) => usages.reduce((sum, usage) => sum + value(usage), 0)
    const { creationTimestamp } = this.#node?.metadata ?? {}
    const timeMs = this.#options.context.clock.now()
    return {
      timeMs,
      startedAt: creationTimestamp ?? formatTime(timeMs),
      cpuNanoseconds: total(({ cpuNanoseconds }) => cpuNanoseconds),
      memoryWorkingSetBytes: total(({ memoryWorkingSetBytes }) => memoryWorkingSetBytes),
    }
  }

  async connect(): Promise<Duplex> {
    const { connectInProcess } = await import('./server.ts')
    const { clock, log } = this.#options.context
    return connectInProcess({ kubelet: this, clock, log })
  }
}
