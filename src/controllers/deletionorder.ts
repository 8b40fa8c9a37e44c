// Which Pods go first when there are too many: the order of upstream's ActivePodsWithRanks.
import type { Pod } from '../api/generated/types.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import { isPodReady, maxRestarts, readySince } from './podstate.ts'

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

interface Ranked {
  readonly pod: Pod
  readonly unassigned: boolean
  readonly phase: number
  readonly ready: boolean
  readonly cost: number
  /** How many active Pods of the same owner share its node. */
  readonly neighbours: number
  readonly readySince: number | undefined
  readonly restarts: number
  readonly created: number | undefined
}

/** The `count` Pods that are to go; `related` are the Pods whose crowding on a node counts. */
export function choosePodsToDelete(
  pods: readonly Pod[],
  options: { readonly count: number; readonly related: readonly Pod[]; readonly nowMs: number },
): Pod[] {
  if (options.count >= pods.length) return [...pods]
  const onNode = new Map<string, number>()
  for (const { spec } of options.related) {
    if (spec?.nodeName) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1)
  }
  const ranked = pods.map(pod => rank(pod, onNode))
  ranked.sort((a, b) => compare(a, b, options.nowMs))
  return ranked.slice(0, options.count).map(({ pod }) => pod)
}

function rank(pod: Pod, onNode: ReadonlyMap<string, number>): Ranked {
  const cost = Number(pod.metadata.annotations?.[costAnnotation] ?? 0)
  return {
    pod,
    unassigned: !pod.spec?.nodeName,
    phase: phaseRank[pod.status?.phase ?? ''] ?? 0,
    ready: isPodReady(pod),
    cost: Number.isInteger(cost) ? cost : 0,
    neighbours: onNode.get(pod.spec?.nodeName ?? '') ?? 0,
    readySince: readySince(pod),
    restarts: maxRestarts(pod),
    created: parseTime(pod.metadata.creationTimestamp),
  }
}

function compare(a: Ranked, b: Ranked, nowMs: number): number {
  return (
    Number(b.unassigned) - Number(a.unassigned) ||
    a.phase - b.phase ||
    Number(a.ready) - Number(b.ready) ||
    a.cost - b.cost ||
    b.neighbours - a.neighbours ||
    (a.ready && b.ready ? youngerFirst(a, b, nowMs, 'readySince') : 0) ||
    b.restarts - a.restarts ||
    youngerFirst(a, b, nowMs, 'created') ||
    ((a.pod.metadata.uid ?? '') < (b.pod.metadata.uid ?? '') ? -1 : 1)
  )
}

/** Ages are compared by their power of two, so that among Pods of about the same age chance decides. */
function youngerFirst(a: Ranked, b: Ranked, nowMs: number, field: 'readySince' | 'created'): number {
  const [timeA, timeB] = [a[field], b[field]]
  if (timeA === timeB) return 0
  if (timeA === undefined) return -1
  if (timeB === undefined) return 1
  return magnitude(nowMs - timeA) - magnitude(nowMs - timeB)
}

const magnitude = (ageMs: number) => (ageMs <= 0 ? -1 : Math.floor(Math.log2(ageMs * 1e6)))
