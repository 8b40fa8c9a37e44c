// Which Pods of a StatefulSet are to come, go or be replaced, one ordinal after the other. Pure; follows
// kube-controller-manager's pkg/controller/statefulset.
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../api/generated/types.ts'
import { controllerReference } from '../api/meta/owners.ts'
import { revisionLabel } from './history.ts'
import { podFromTemplate } from './podcontrol.ts'
import { isPodAvailable, isPodFinished, isPodReady } from './podstate.ts'
import { statefulSets } from './resources.ts'

const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'

export const firstOrdinal = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0
const replicasOf = (set: StatefulSet): number => set.spec?.replicas ?? 1

/** Undefined for a Pod whose name is not the set's. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`
  const name = pod.metadata.name ?? ''
  const text = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^\d+$/.test(text) ? Number(text) : undefined
}

export const claimName = (template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string =>
  `${template.metadata.name}-${set.metadata.name}-${ordinal}`

/** The Pod of one ordinal: a stable name, host name and claims. */
export function podOf(set: StatefulSet, ordinal: number, revision: string): Pod {
  const { name = '', namespace } = set.metadata
  const { template, serviceName, volumeClaimTemplates = [] } = set.spec ?? {}
  const pod = podFromTemplate(template, { namespace, reference: controllerReference(statefulSets, set) })
  const podName = `${name}-${ordinal}`
  const claims = volumeClaimTemplates.map(claim => ({
    name: claim.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(claim, set, ordinal) },
  }))
  const others = (pod.spec?.volumes ?? []).filter(volume => !claims.some(claim => claim.name === volume.name))
  const volumes = [...claims, ...others]
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: podName,
      labels: {
        ...pod.metadata.labels,
        [podNameLabel]: podName,
        [podIndexLabel]: String(ordinal),
        [revisionLabel]: revision,
      },
    },
    spec: {
      containers: [],
      ...pod.spec,
      hostname: podName,
      ...(serviceName ? { subdomain: serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  }
}

export interface StatefulPlan {
  /** Ordinals, lowest first. */
  readonly create: readonly number[]
  readonly remove: readonly Pod[]
}

export interface StatefulState {
  readonly pods: readonly Pod[]
  /** Of the newest revision and of the one that the partition keeps. */
  readonly updateRevision: string
  readonly nowMs: number
}

const isAvailable = (set: StatefulSet, pod: Pod, nowMs: number) =>
  !pod.metadata.deletionTimestamp && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)

/** In order, one Pod at a time, each only when its predecessors are available; in parallel, all at once. */
export function planStateful(set: StatefulSet, { pods, updateRevision, nowMs }: StatefulState): StatefulPlan {
  const first = firstOrdinal(set)
  const end = first + replicasOf(set)
  const isParallel = set.spec?.podManagementPolicy === 'Parallel'
  const byOrdinal = new Map(pods.map(pod => [ordinalOf(set, pod), pod]))
  const create: number[] = []
  for (let ordinal = first; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (pod && isPodFinished(pod) && !pod.metadata.deletionTimestamp) return { create, remove: [pod] }
    if (!pod) create.push(ordinal)
    if (!isParallel && !(pod && isAvailable(set, pod, nowMs))) return { create, remove: [] }
  }
  const surplus = pods
    .filter(pod => {
      const ordinal = ordinalOf(set, pod)
      return ordinal !== undefined && (ordinal < first || ordinal >= end)
    })
    .sort((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0))
  const leaving = surplus.filter(({ metadata }) => metadata.deletionTimestamp)
  const staying = surplus.filter(({ metadata }) => !metadata.deletionTimestamp)
  if (surplus.length > 0 && !isParallel) {
    // A Pod that does not do well holds up the removal of its successors, unless it is the first such itself.
    const firstUnhealthy = staying.findLast(pod => !isAvailable(set, pod, nowMs))
    const target = staying[0]
    const isHeldUp = target && !isAvailable(set, target, nowMs) && target !== firstUnhealthy
    return { create, remove: leaving.length > 0 || isHeldUp ? [] : staying.slice(0, 1) }
  }
  if (create.length > 0) return { create, remove: staying }
  return { create, remove: [...staying, ...planUpdate(set, { pods, updateRevision, nowMs })] }
}

/** The highest ordinal that is not yet updated, once all above it are available. */
function planUpdate(set: StatefulSet, { pods, updateRevision, nowMs }: StatefulState): Pod[] {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return []
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0
  const byOrdinal = new Map(pods.map(pod => [ordinalOf(set, pod), pod]))
  const first = firstOrdinal(set)
  for (let ordinal = first + replicasOf(set) - 1; ordinal >= Math.max(first, partition); ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) return []
    if (pod.metadata.labels?.[revisionLabel] !== updateRevision)
      return pod.metadata.deletionTimestamp ? [] : [pod]
    if (!isAvailable(set, pod, nowMs)) return []
  }
  return []
}

export interface StatefulCounts {
  readonly replicas: number
  readonly ready: number
  readonly available: number
  readonly updated: number
  readonly current: number
}

export function countStateful(
  set: StatefulSet,
  state: StatefulState & { readonly currentRevision: string },
): StatefulCounts {
  const alive = state.pods.filter(pod => ordinalOf(set, pod) !== undefined && !isPodFinished(pod))
  const staying = alive.filter(({ metadata }) => !metadata.deletionTimestamp)
  const ofRevision = (revision: string) =>
    staying.filter(({ metadata }) => metadata.labels?.[revisionLabel] === revision).length
  return {
    replicas: alive.length,
    ready: alive.filter(isPodReady).length,
    available: staying.filter(pod => isAvailable(set, pod, state.nowMs)).length,
    updated: ofRevision(state.updateRevision),
    current: ofRevision(state.currentRevision),
  }
}
