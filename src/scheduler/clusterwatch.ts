// Feeds the scheduler: turns what informers report into changes of the snapshot, Pods for the queue and the
// events that may make waiting Pods schedulable (upstream's eventhandlers.go).
import type { Node, Pod } from '../api/generated/types.ts'
import { namespaces } from '../api/resources/core/namespace.ts'
import { nodes } from '../api/resources/core/node.ts'
import { pods } from '../api/resources/core/pod.ts'
import { keyOf } from '../client/informer.ts'
import type { Informers } from '../client/informers.ts'
import { pendingPod, podInfo } from './podinfo.ts'
import type { ClusterEvent, SchedulingQueue } from './queue.ts'
import { Snapshot } from './snapshot.ts'

export const schedulerName = 'default-scheduler'

const isFinished = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Is it ours to find a node for? */
const waitsForNode = ({ metadata, spec }: Pod) =>
  !metadata.deletionTimestamp &&
  !spec?.schedulingGates?.length &&
  (spec?.schedulerName ?? schedulerName) === schedulerName

const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b)

/** Does an update of a Pod on a node change what the scheduler knows of it? */
const changesPlacement = (pod: Pod, previous: Pod) =>
  pod.spec?.nodeName !== previous.spec?.nodeName ||
  pod.metadata.generation !== previous.metadata.generation ||
  !pod.metadata.deletionTimestamp !== !previous.metadata.deletionTimestamp ||
  isFinished(pod) !== isFinished(previous) ||
  !same(pod.metadata.labels, previous.metadata.labels)

/**
 * Would another attempt see something else? Its status, written by the scheduler itself, does not count.
 */
const changesWish = (pod: Pod, previous: Pod) =>
  !same(pod.spec, previous.spec) || !same(pod.metadata.labels, previous.metadata.labels)

function nodeEvents(node: Node, previous: Node): ClusterEvent[] {
  const found: ClusterEvent[] = []
  if (!same(node.status?.allocatable, previous.status?.allocatable)) found.push('NodeAllocatable')
  if (!same(node.metadata.labels, previous.metadata.labels)) found.push('NodeLabel')
  const schedulable = !node.spec?.unschedulable && previous.spec?.unschedulable
  if (schedulable || !same(node.spec?.taints, previous.spec?.taints)) found.push('NodeTaint')
  return found
}

export interface ClusterWatchOptions {
  readonly informers: Informers
  readonly queue: SchedulingQueue
  /** A Pod that had been nominated for a node is gone or bound. */
  readonly onSettled: (key: string) => void
}

export class ClusterWatch {
  readonly snapshot: Snapshot
  readonly #queue: SchedulingQueue
  readonly #onSettled: (key: string) => void
  readonly #informers: Informers
  #removeHandlers: (() => void)[] = []

  constructor({ informers, queue, onSettled }: ClusterWatchOptions) {
    this.#queue = queue
    this.#informers = informers
    this.#onSettled = onSettled
    const namespaceInformer = informers.of(namespaces)
    this.snapshot = new Snapshot(name => namespaceInformer.get(name)?.metadata.labels ?? {})
  }

  /** Resolves when nodes and Pods are known. */
  async start(): Promise<void> {
    const nodeInformer = this.#informers.of(nodes)
    const podInformer = this.#informers.of(pods)
    const namespaceInformer = this.#informers.of(namespaces)
    for (const informer of [nodeInformer, podInformer, namespaceInformer]) informer.start()
    await Promise.all([nodeInformer.synced, podInformer.synced, namespaceInformer.synced])
    this.#removeHandlers = [
      nodeInformer.addHandlers({
        add: node => {
          this.snapshot.setNode(node)
          this.#queue.wake('NodeAdd')
        },
        update: (node, previous) => {
          this.snapshot.setNode(node)
          for (const event of nodeEvents(node, previous)) this.#queue.wake(event)
        },
        delete: node => this.snapshot.removeNode(node.metadata.name ?? ''),
      }),
      podInformer.addHandlers({
        add: pod => this.#setPod(pod),
        update: (pod, previous) => this.#setPod(pod, previous),
        delete: pod => this.#removePod(pod),
      }),
      namespaceInformer.addHandlers({ update: () => this.#queue.wake('NamespaceUpdate') }),
    ]
  }

  stop(): void {
    for (const remove of this.#removeHandlers.splice(0)) remove()
  }

  #setPod(pod: Pod, previous?: Pod): void {
    const key = keyOf(pod)
    const nodeName = pod.spec?.nodeName
    if (!nodeName) {
      if (!waitsForNode(pod)) this.#queue.remove(key)
      else if (!previous || !waitsForNode(previous) || changesWish(pod, previous)) {
        this.#queue.add(pendingPod(pod))
      }
      return
    }
    if (previous && !changesPlacement(pod, previous)) return
    this.#queue.remove(key)
    if (isFinished(pod)) {
      this.#removePod(pod)
      return
    }
    const isNew = !previous?.spec?.nodeName
    this.snapshot.setPod(podInfo(pod), nodeName)
    if (isNew) this.#onSettled(key)
    this.#queue.wake(isNew ? 'PodAdd' : 'PodUpdate')
  }

  #removePod(pod: Pod): void {
    const key = keyOf(pod)
    this.#queue.remove(key)
    this.snapshot.removePod(key)
    this.#onSettled(key)
    this.#queue.wake('PodDelete')
  }
}
