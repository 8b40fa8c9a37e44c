// Removes Pods that nobody else will: those of nodes that are gone, those that terminate without ever
// having had a node, and finished ones beyond a large number. kube-controller-manager's pod-garbage-
// collector.
import type { Node, Pod } from '../api/generated/types.ts'
import { withCondition } from '../api/meta/conditions.ts'
import { isNotFound } from '../api/status.ts'
import type { Controller, ControllerEnvironment } from './controller.ts'
import { periodic } from './periodic.ts'
import { isPodFinished } from './podstate.ts'
import { nodes, pods } from './resources.ts'

const periodMs = 20_000
/** So long a node must be missing before its Pods are given up. */
const quarantineMs = 40_000

export interface PodGCOptions {
  /** How many finished Pods may stay. Default 12,500. */
  readonly terminatedPodThreshold?: number
}

export interface PodGCPlan {
  readonly orphaned: readonly Pod[]
  readonly unscheduled: readonly Pod[]
  readonly finished: readonly Pod[]
  /** Node names -> since when they are missing. */
  readonly missing: ReadonlyMap<string, number>
}

export function planPodGC(
  all: { readonly pods: readonly Pod[]; readonly nodes: readonly Node[] },
  before: ReadonlyMap<string, number>,
  options: { readonly nowMs: number; readonly threshold: number },
): PodGCPlan {
  const present = new Set(all.nodes.map(({ metadata }) => metadata.name))
  const missing = new Map<string, number>()
  const orphaned: Pod[] = []
  for (const pod of all.pods) {
    const name = pod.spec?.nodeName
    if (!name || present.has(name)) continue
    const since = before.get(name) ?? options.nowMs
    missing.set(name, since)
    if (options.nowMs - since >= quarantineMs) orphaned.push(pod)
  }
  const finished = all.pods.filter(isPodFinished)
  const created = ({ metadata }: Pod) => `${metadata.creationTimestamp} ${metadata.name}`
  const oldest = finished.sort((a, b) => (created(a) < created(b) ? -1 : 1))
  return {
    missing,
    orphaned,
    unscheduled: all.pods.filter(({ metadata, spec }) => metadata.deletionTimestamp && !spec?.nodeName),
    finished: oldest.slice(0, Math.max(0, finished.length - options.threshold)),
  }
}

async function isThere({ client }: ControllerEnvironment, name: string): Promise<boolean> {
  try {
    await client.get(nodes, { name })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** Marks an orphan as failed because of the disruption, so that its controller can tell. */
async function markOrphan(pod: Pod, { client, clock }: ControllerEnvironment): Promise<void> {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
  }
  const conditions = [...withCondition(pod.status?.conditions ?? [], condition, clock.now())]
  await client.updateStatus(pods, { ...pod, status: { ...pod.status, phase: 'Failed', conditions } })
}

async function remove(pod: Pod, environment: ControllerEnvironment): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  const options = { gracePeriodSeconds: 0, preconditions: { uid } }
  await environment.client.delete(pods, { namespace, name }, options)
}

async function collect(plan: PodGCPlan, environment: ControllerEnvironment): Promise<void> {
  const exists = new Map<string, boolean>()
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!isNotFound(error)) environment.log.warn('cannot remove a pod', { error: String(error) })
    }
  }
  for (const pod of plan.orphaned) {
    await attempt(async () => {
      const node = pod.spec?.nodeName ?? ''
      if (!exists.has(node)) exists.set(node, await isThere(environment, node))
      if (exists.get(node)) return
      if (!isPodFinished(pod)) await markOrphan(pod, environment)
      await remove(pod, environment)
    })
  }
  for (const pod of [...plan.unscheduled, ...plan.finished]) await attempt(() => remove(pod, environment))
}

export function podGCController({
  terminatedPodThreshold: threshold = 12_500,
}: PodGCOptions = {}): Controller {
  const name = 'pod-garbage-collector-controller'
  return {
    name,
    create(environment) {
      const { cache, clock, log } = environment
      const informers = [cache.informer(pods), cache.informer(nodes)]
      let missing: ReadonlyMap<string, number> = new Map()
      async function run(): Promise<void> {
        if (!informers.every(({ hasSynced }) => hasSynced)) return
        const all = { pods: cache.list(pods), nodes: cache.list(nodes) }
        const plan = planPodGC(all, missing, { nowMs: clock.now(), threshold })
        missing = plan.missing
        await collect(plan, environment)
      }
      return periodic({ name, periodMs, clock, log, run })
    },
  }
}
