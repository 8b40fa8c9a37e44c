// Which nodes a DaemonSet's Pods belong on, and which Pods are to come and go. Pure; follows
// kube-controller-manager's pkg/controller/daemon.
import type { DaemonSet, Node, Pod, PodSpec, Toleration } from '../api/generated/types.ts'
import { labelMatcher } from '../api/meta/labels.ts'
import { revisionLabel } from './history.ts'
import { isPodAvailable, isPodFinished } from './podstate.ts'
import { scaledValue } from './rollout.ts'
import { tolerates } from './tainteviction.ts'

const condition = (name: string, effect: string): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect,
})

/** Daemons stay where other Pods leave, and come where others may not. */
export function daemonTolerations(spec: PodSpec | undefined): Toleration[] {
  const own = spec?.tolerations ?? []
  const added = [
    condition('not-ready', 'NoExecute'),
    condition('unreachable', 'NoExecute'),
    condition('disk-pressure', 'NoSchedule'),
    condition('memory-pressure', 'NoSchedule'),
    condition('pid-pressure', 'NoSchedule'),
    condition('unschedulable', 'NoSchedule'),
    ...(spec?.hostNetwork ? [condition('network-unavailable', 'NoSchedule')] : []),
  ]
  const has = ({ key, effect }: Toleration) => own.some(other => other.key === key && other.effect === effect)
  return [...own, ...added.filter(toleration => !has(toleration))]
}

/** The template's spec for one node: its scheduler may put it nowhere else. */
export function daemonSpec(spec: PodSpec | undefined, nodeName: string): PodSpec {
  const nodeAffinity = spec?.affinity?.nodeAffinity
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }]
  const terms = required?.nodeSelectorTerms.length ? required.nodeSelectorTerms : [{}]
  return {
    containers: [],
    ...spec,
    tolerations: daemonTolerations(spec),
    affinity: {
      ...spec?.affinity,
      nodeAffinity: {
        ...nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: terms.map(term => ({ ...term, matchFields })),
        },
      },
    },
  }
}

/** The node a daemon Pod is for, whether it is there already or not. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields }) => matchFields ?? []) ?? []
  return fields.find(({ key }) => key === 'metadata.name')?.values?.[0]
}

function matchesAffinity(spec: PodSpec | undefined, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  const selector = Object.entries(spec?.nodeSelector ?? {})
  if (!selector.every(([key, value]) => labels[key] === value)) return false
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (!required) return true
  return required.nodeSelectorTerms.some(({ matchExpressions, matchFields }) => {
    if (!matchExpressions?.length && !matchFields?.length) return false
    const fieldsMatch = (matchFields ?? []).every(({ operator, values = [] }) => {
      const isNamed = values.includes(node.metadata.name ?? '')
      return operator === 'In' ? isNamed : !isNamed
    })
    return fieldsMatch && labelMatcher({ matchExpressions: matchExpressions ?? [] })(labels)
  })
}

export interface NodeVerdict {
  readonly shouldRun: boolean
  /** False: what runs there already has to leave. */
  readonly mayContinue: boolean
}

export function nodeVerdict(set: DaemonSet, node: Node): NodeVerdict {
  const spec = set.spec?.template.spec
  if (spec?.nodeName && spec.nodeName !== node.metadata.name) return { shouldRun: false, mayContinue: false }
  if (!matchesAffinity(spec, node)) return { shouldRun: false, mayContinue: false }
  const tolerations = daemonTolerations(spec)
  const untolerated = (node.spec?.taints ?? []).filter(
    taint => !tolerations.some(toleration => tolerates(toleration, taint)),
  )
  return {
    shouldRun: untolerated.every(({ effect }) => effect === 'PreferNoSchedule'),
    mayContinue: untolerated.every(({ effect }) => effect !== 'NoExecute'),
  }
}

export interface DaemonPlan {
  /** Names of nodes. */
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  /** Failed ones, removed to be made again. */
  readonly failed: readonly Pod[]
}

const isOld = (pod: Pod, hash: string) => pod.metadata.labels?.[revisionLabel] !== hash
const olderFirst = (a: Pod, b: Pod) =>
  (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1

export interface DaemonState {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  /** Of the newest revision. */
  readonly hash: string
  readonly nowMs: number
}

export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    const name = nodeOf(pod)
    if (name !== undefined) byNode.set(name, [...(byNode.get(name) ?? []), pod])
  }
  return byNode
}

export function planDaemons(set: DaemonSet, { nodes, pods, hash, nowMs }: DaemonState): DaemonPlan {
  const byNode = podsByNode(pods)
  const create: string[] = []
  const remove: Pod[] = []
  const failed: Pod[] = []
  const candidates: Pod[] = []
  let unavailable = 0
  const desired = nodes.filter(node => nodeVerdict(set, node).shouldRun).length
  for (const node of nodes) {
    const name = node.metadata.name ?? ''
    const { shouldRun, mayContinue } = nodeVerdict(set, node)
    const here = byNode.get(name) ?? []
    const ended = here.filter(pod => isPodFinished(pod) && !pod.metadata.deletionTimestamp)
    const alive = here.filter(pod => !isPodFinished(pod) && !pod.metadata.deletionTimestamp).sort(olderFirst)
    if (!mayContinue) {
      remove.push(...alive)
      continue
    }
    if (!shouldRun) continue
    failed.push(...ended)
    if (here.length === 0) create.push(name)
    const [first, ...surplus] = alive
    remove.push(...surplus)
    const isAvailable = first && isPodAvailable(first, set.spec?.minReadySeconds ?? 0, nowMs)
    if (!isAvailable) unavailable++
    if (!first || !isOld(first, hash) || set.spec?.updateStrategy?.type === 'OnDelete') continue
    // An old Pod that is not available anyway costs nothing to replace.
    if (isAvailable) candidates.push(first)
    else remove.push(first)
  }
  const { maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {}
  const allowed = Math.max(0, scaledValue(maxUnavailable, desired, 'up') - unavailable)
  return { create, remove: [...remove, ...candidates.slice(0, allowed)], failed }
}
