// The arithmetic of a Deployment's rollout: how many Pods each ReplicaSet may have. Pure; the numbers and
// their rounding are those of upstream's pkg/controller/deployment/util.
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../api/generated/types.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { sameValue } from './samevalue.ts'

export const hashLabel = 'pod-template-hash'
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'

export interface ScaleStep {
  readonly set: ReplicaSet
  readonly replicas: number
}

export const replicasOf = (object: Deployment | ReplicaSet): number => object.spec?.replicas ?? 1
const sum = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number) =>
  sets.reduce((total, set) => total + count(set), 0)
export const totalReplicas = (sets: readonly ReplicaSet[]) => sum(sets, replicasOf)
export const actualReplicas = (sets: readonly ReplicaSet[]) => sum(sets, set => set.status?.replicas ?? 0)
export const readyReplicas = (sets: readonly ReplicaSet[]) => sum(sets, set => set.status?.readyReplicas ?? 0)
export const availableReplicas = (sets: readonly ReplicaSet[]) =>
  sum(sets, set => set.status?.availableReplicas ?? 0)
export const activeSets = (sets: readonly ReplicaSet[]) => sets.filter(set => replicasOf(set) > 0)

export const isRollingUpdate = (deployment: Deployment) =>
  (deployment.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'

/** A count, or a percentage of `total`. */
export function scaledValue(
  value: number | string | undefined,
  total: number,
  rounding: 'up' | 'down',
): number {
  if (typeof value !== 'string') return value ?? 0
  const share = (Number.parseInt(value, 10) * total) / 100
  return rounding === 'up' ? Math.ceil(share) : Math.floor(share)
}

function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {}
  const desired = replicasOf(deployment)
  const surge = scaledValue(maxSurge ?? '25%', desired, 'up')
  const unavailable = scaledValue(maxUnavailable ?? '25%', desired, 'down')
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

export const maxSurge = (deployment: Deployment): number =>
  isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0

export function maxUnavailable(deployment: Deployment): number {
  const desired = replicasOf(deployment)
  return isRollingUpdate(deployment) ? Math.min(fenceposts(deployment).unavailable, desired) : 0
}

const createdAt = (set: ReplicaSet) => parseTime(set.metadata.creationTimestamp) ?? Number.MAX_SAFE_INTEGER
const byName = (a: ReplicaSet, b: ReplicaSet) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)
export const oldestFirst = (sets: readonly ReplicaSet[]): ReplicaSet[] =>
  [...sets].sort((a, b) => createdAt(a) - createdAt(b) || byName(a, b))

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  if (!template?.metadata?.labels?.[hashLabel]) return template
  const { [hashLabel]: _, ...labels } = template.metadata.labels
  const { labels: __, ...metadata } = template.metadata
  return { ...template, metadata: Object.keys(labels).length > 0 ? { ...metadata, labels } : metadata }
}

export const sameTemplate = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean =>
  sameValue(withoutHash(a), withoutHash(b))

/** The oldest ReplicaSet that has the Deployment's template. */
export const findNewSet = (deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  oldestFirst(sets).find(set => sameTemplate(set.spec?.template, deployment.spec?.template))

/** How many Pods the new ReplicaSet may have now; `sets` has all of them, the new one included. */
export function newSetReplicas(deployment: Deployment, sets: readonly ReplicaSet[], current: number): number {
  const desired = replicasOf(deployment)
  if (!isRollingUpdate(deployment)) return desired
  const room = desired + maxSurge(deployment) - totalReplicas(sets)
  return room <= 0 ? current : current + Math.min(room, desired - current)
}

/** The one ReplicaSet that a scaling concerns: the only active one, else the newest; undefined: several. */
function activeOrLatest(newSet: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = activeSets(newSet ? [...old, newSet] : old)
  if (active.length === 0) return newSet ?? oldestFirst(old).at(-1)
  return active.length === 1 ? active[0] : undefined
}

const intAnnotation = (set: ReplicaSet, name: string): number | undefined => {
  const text = set.metadata.annotations?.[name]
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
}

export const desiredReplicasOf = (set: ReplicaSet) => intAnnotation(set, desiredReplicasAnnotation)

function isSaturated(deployment: Deployment, set: ReplicaSet | undefined): boolean {
  const desired = replicasOf(deployment)
  return (
    set !== undefined &&
    replicasOf(set) === desired &&
    desiredReplicasOf(set) === desired &&
    (set.status?.availableReplicas ?? 0) === desired
  )
}

/**
 * What a change of `spec.replicas` means for the ReplicaSets, in a rollout for each in proportion to its
 * size.
 */
export function planScaling(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): ScaleStep[] {
  const desired = replicasOf(deployment)
  const single = activeOrLatest(newSet, old)
  if (single) return replicasOf(single) === desired ? [] : [{ set: single, replicas: desired }]
  if (isSaturated(deployment, newSet)) return activeSets(old).map(set => ({ set, replicas: 0 }))
  if (!isRollingUpdate(deployment)) return []
  const sets = activeSets(newSet ? [...old, newSet] : old)
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0
  return shareOut(deployment, sets, allowed - totalReplicas(sets))
}

function shareOut(deployment: Deployment, sets: readonly ReplicaSet[], toAdd: number): ScaleStep[] {
  const newerFirst = toAdd > 0 ? -1 : 1
  const ordered = [...sets].sort(
    (a, b) =>
      replicasOf(b) - replicasOf(a) ||
      newerFirst * (createdAt(a) - createdAt(b)) ||
      newerFirst * byName(a, b),
  )
  let added = 0
  const steps = ordered.map(set => {
    const share = proportion(deployment, set, { toAdd, added })
    added += share
    return { set, replicas: replicasOf(set) + share }
  })
  const [largest, ...rest] = steps
  if (!largest) return []
  return [{ ...largest, replicas: Math.max(0, largest.replicas + toAdd - added) }, ...rest]
}

function proportion(
  deployment: Deployment,
  set: ReplicaSet,
  { toAdd, added }: { readonly toAdd: number; readonly added: number },
): number {
  if (toAdd === 0 || toAdd === added) return 0
  const left = toAdd - added
  const share = fraction(deployment, set)
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left)
}

function fraction(deployment: Deployment, set: ReplicaSet): number {
  const size = replicasOf(set)
  if (replicasOf(deployment) === 0) return -size
  const before = intAnnotation(set, maxReplicasAnnotation) || (deployment.status?.replicas ?? 0) || 1
  const after = (size * (replicasOf(deployment) + maxSurge(deployment))) / before
  return Math.sign(after) * Math.round(Math.abs(after)) - size
}

/**
 * How a rolling update shrinks the old ReplicaSets: unhealthy Pods first, then as many as availability
 * allows.
 */
export function planScaleDown(
  deployment: Deployment,
  newSet: ReplicaSet,
  old: readonly ReplicaSet[],
): ScaleStep[] {
  const active = oldestFirst(activeSets(old))
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment)
  const newUnavailable = replicasOf(newSet) - (newSet.status?.availableReplicas ?? 0)
  let removable = totalReplicas([...old, newSet]) - minAvailable - newUnavailable
  if (active.length === 0 || removable <= 0) return []
  const replicas = new Map(active.map(set => [set, replicasOf(set)]))
  for (const set of active) {
    const unhealthy = Math.min(removable, replicasOf(set) - (set.status?.availableReplicas ?? 0))
    if (unhealthy <= 0) continue
    replicas.set(set, replicasOf(set) - unhealthy)
    removable -= unhealthy
  }
  let spare = availableReplicas([...active, newSet]) - minAvailable
  for (const set of active) {
    const size = replicas.get(set) ?? 0
    const count = Math.min(size, spare)
    if (count <= 0) continue
    replicas.set(set, size - count)
    spare -= count
  }
  return active
    .map(set => ({ set, replicas: replicas.get(set) ?? 0 }))
    .filter(step => step.replicas !== replicasOf(step.set))
}
