// The scheduler: takes Pods without a node from the queue, finds each one the best node and binds it there,
// without waiting for one binding before it looks at the next Pod. Behaves as kube-scheduler with its
// default profile.
import type { Pod } from '../api/generated/types.ts'
import { findCondition } from '../api/meta/conditions.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import { pods } from '../api/resources/core/pod.ts'
import { isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { budgetEvents } from '../client/eventbudget.ts'
import type { EventRecorder, EventText } from '../client/events.ts'
import type { Informers } from '../client/informers.ts'
import { type Clock, onNextTurn } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import { type Logger, silentLogger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { Tracer } from '../component/tracing.ts'
import { Binder } from './bind.ts'
import { ClusterWatch } from './clusterwatch.ts'
import { formatFailure, type PreemptionOutcome } from './failure.ts'
import { schedulerPlugins } from './plugins/index.ts'
import type { SchedulerPlugin } from './plugins/plugin.ts'
import { type PendingPod, type PodInfo, placedPod } from './podinfo.ts'
import { type PreemptionPlan, planPreemption } from './preemption.ts'
import { type ClusterEvent, type QueuedPod, SchedulingQueue } from './queue.ts'
import { type Fit, findNode } from './schedule.ts'
import { SchedulerMetrics } from './schedulermetrics.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  /** Reports as `default-scheduler`. */
  readonly events: EventRecorder
  readonly log?: Logger
  readonly metrics?: MetricSet
  readonly tracer?: Tracer | undefined
  readonly plugins?: readonly SchedulerPlugin[]
  /** 0 <= x < 1; decides between equally good nodes. */
  readonly random?: () => number
  /** Bindings under way at once. Default 256. */
  readonly maxBindings?: number
}

/** For how long it schedules before others get their turn. */
const sliceMs = 4
const eventBudget = { burst: 1000, perSecond: 100 }
const anyNode: ReadonlySet<ClusterEvent> = new Set<ClusterEvent>(['NodeAdd'])

export class Scheduler implements Component {
  readonly name = 'scheduler'
  readonly #options: SchedulerOptions
  readonly #log: Logger
  readonly #plugins: readonly SchedulerPlugin[]
  readonly #queue: SchedulingQueue
  readonly #watch: ClusterWatch
  readonly #binder: Binder
  readonly #events: EventRecorder
  readonly #metrics: SchedulerMetrics | undefined
  /** Pods for which others are being evicted: they hold their place in the snapshot. */
  readonly #nominated = new Map<string, string>()
  #start = 0
  #isPlanned = false
  #stopped = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#log = (options.log ?? silentLogger).child('scheduler')
    this.#plugins = options.plugins ?? schedulerPlugins
    this.#events = budgetEvents({ clock: options.clock, ...eventBudget })(options.events)
    this.#queue = new SchedulingQueue(options.clock, () => this.#plan())
    this.#watch = new ClusterWatch({
      informers: options.informers,
      queue: this.#queue,
      onSettled: key => this.#nominated.delete(key),
    })
    const { metrics } = options
    this.#metrics = metrics && new SchedulerMetrics(metrics, this.#queue)
    this.#binder = new Binder({
      client: options.client,
      maxInFlight: options.maxBindings ?? 256,
      onRoom: () => this.#plan(),
    })
  }

  async start(): Promise<void> {
    await this.#watch.start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#watch.stop()
    this.#queue.close()
    this.#metrics?.close()
    await this.#binder.idle()
  }

  #plan(): void {
    if (this.#isPlanned || this.#stopped) return
    this.#isPlanned = true
    onNextTurn(() => this.#run())
  }

  #run(): void {
    this.#isPlanned = false
    const { clock } = this.#options
    const began = clock.monotonic()
    while (!this.#stopped && this.#binder.hasRoom) {
      const queued = this.#queue.pop()
      if (!queued) return
      this.#schedule(queued)
      if (clock.monotonic() - began >= sliceMs) {
        this.#plan()
        return
      }
    }
  }

  #schedule(queued: QueuedPod): void {
    const { info } = queued
    const began = this.#options.clock.monotonic()
    const { snapshot } = this.#watch
    if (this.#nominated.has(info.key)) snapshot.forget(info.key)
    const fit = findNode(info, snapshot, {
      plugins: this.#plugins,
      start: this.#start,
      random: this.#options.random ?? Math.random,
    })
    const looked = fit.rejections.size + (fit.node ? 1 : 0)
    this.#start = snapshot.nodes.length === 0 ? 0 : (this.#start + looked) % snapshot.nodes.length
    if (!fit.node) {
      this.#fail(queued, fit)
      this.#attempted('unschedulable', began)
      return
    }
    this.#nominated.delete(info.key)
    snapshot.assume(placedPod(info), fit.node.name)
    const nodeName = fit.node.name
    const bind = () => this.#bind(queued, nodeName, began)
    const { tracer } = this.#options
    const attributes = { 'futago.key': info.key, 'k8s.node.name': nodeName }
    void (tracer ? tracer.run('schedule', { attributes, isRoot: true }, bind) : bind())
  }

  #attempted(result: 'scheduled' | 'unschedulable' | 'error', began: number): void {
    this.#metrics?.attempted(result, (this.#options.clock.monotonic() - began) / 1000)
  }

  async #bind(queued: QueuedPod, nodeName: string, began: number): Promise<void> {
    const { pod, key } = queued.info
    try {
      await this.#binder.bind(pod, nodeName)
      this.#attempted('scheduled', began)
      this.#log.debug('a Pod has a node', { pod: key, node: nodeName })
      this.#metrics?.scheduled(queued, (this.#options.clock.now() - queued.addedAt) / 1000)
      this.#record(pod, 'Normal', {
        reason: 'Scheduled',
        action: 'Binding',
        message: `Successfully assigned ${key} to ${nodeName}`,
      })
    } catch (error) {
      this.#watch.snapshot.forget(key)
      this.#attempted('error', began)
      if (this.#stopped || isNotFound(error)) return
      this.#log.warn('a Pod could not be bound', { pod: key, node: nodeName, error: String(error) })
      this.#queue.fail(queued)
    }
  }

  #record(pod: Pod, type: 'Normal' | 'Warning', text: EventText): void {
    this.#events.event({ resource: pods, object: pod }, type, text)
  }

  #fail(queued: QueuedPod, fit: Fit): void {
    const { info } = queued
    const { snapshot } = this.#watch
    const plan = this.#planPreemption(info, fit)
    const outcome: PreemptionOutcome = typeof plan === 'object' ? 'found' : plan
    const message = formatFailure(snapshot.nodes.length, fit.rejections, outcome)
    const wakeOn = new Set<ClusterEvent>(anyNode)
    for (const { plugin } of fit.rejections.values()) for (const event of plugin.events) wakeOn.add(event)
    this.#queue.fail(queued, wakeOn)
    this.#record(info.pod, 'Warning', { reason: 'FailedScheduling', action: 'Scheduling', message })
    const nominated = typeof plan === 'object' ? plan.node.name : undefined
    if (typeof plan === 'object') {
      this.#nominated.set(info.key, plan.node.name)
      snapshot.assume(placedPod(info), plan.node.name)
      void this.#evict(info, plan)
    } else {
      this.#nominated.delete(info.key)
    }
    void this.#report(info.pod, message, nominated)
  }

  #planPreemption(info: PendingPod, fit: Fit): PreemptionPlan | 'never' | 'noVictims' {
    if (info.pod.spec?.preemptionPolicy === 'Never') return 'never'
    const context = { snapshot: this.#watch.snapshot, plugins: this.#plugins }
    return planPreemption(info, fit.rejections, context) ?? 'noVictims'
  }

  /** Victims get their grace period; the Pod is tried again when they are gone. */
  async #evict(info: PendingPod, { node, victims }: PreemptionPlan): Promise<void> {
    const { client } = this.#options
    this.#metrics?.preempted(victims.length)
    const evictOne = async (victim: PodInfo) => {
      const [namespace, name = ''] = victim.key.split('/')
      if (this.#nominated.delete(victim.key)) {
        this.#watch.snapshot.forget(victim.key)
        return
      }
      if (victim.isTerminating) return
      const target = { namespace, name }
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
        lastTransitionTime: formatTime(this.#options.clock.now()),
      }
      const patch = { metadata: { uid: victim.uid }, status: { conditions: [condition] } }
      const pod = await client.patch(pods, target, patch, { subresource: 'status', type: 'strategic-merge' })
      await client.delete(pods, target, { preconditions: { uid: victim.uid } })
      this.#record(pod, 'Normal', {
        reason: 'Preempted',
        action: 'Preempting',
        related: { resource: pods, object: info.pod },
        message: `Preempted by pod ${info.uid} on node ${node.name}`,
      })
    }
    for (const outcome of await Promise.allSettled(victims.map(evictOne))) {
      if (outcome.status === 'fulfilled' || isNotFound(outcome.reason)) continue
      this.#log.warn('a Pod could not be preempted', { error: String(outcome.reason) })
    }
  }

  /** Says in the Pod's status why it waits, unless it says so already. */
  async #report(pod: Pod, message: string, nominatedNodeName: string | undefined): Promise<void> {
    const known = findCondition(pod.status?.conditions, 'PodScheduled')
    const sameNomination = (pod.status?.nominatedNodeName ?? undefined) === nominatedNodeName
    if (known?.status === 'False' && known.message === message && sameNomination) return
    const { namespace, name = '', uid } = pod.metadata
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastProbeTime: null,
      observedGeneration: pod.metadata.generation,
      lastTransitionTime:
        known?.status === 'False' ? known.lastTransitionTime : formatTime(this.#options.clock.now()),
    }
    const nomination = sameNomination ? {} : { nominatedNodeName: nominatedNodeName ?? null }
    const patch = { metadata: { uid }, status: { conditions: [condition], ...nomination } }
    const options = { subresource: 'status', type: 'strategic-merge' } as const
    await this.#options.client.patch(pods, { namespace, name }, patch, options).catch(error => {
      if (!isNotFound(error)) this.#log.debug('a status was not written', { error: String(error) })
    })
  }
}
