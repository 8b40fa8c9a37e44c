// Revisions of a Deployment: the annotations by which `kubectl rollout history` and `undo` find their way,
// and the hash that tells the ReplicaSets of different templates apart (upstream: deployment/util,
// SetNewReplicaSetAnnotations).
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../api/generated/types.ts'
import { desiredReplicasAnnotation, maxReplicasAnnotation, maxSurge, replicasOf } from './rollout.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history'
const maxHistoryLength = 2000
/** Annotations of the Deployment that are its own business. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
])

type Annotations = Readonly<Record<string, string>>

/** Undefined for what is no revision: they are whole numbers of 64 bits. */
const revisionOf = (text: string) => (/^\d{1,19}$/.test(text) ? BigInt(text) : undefined)

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  let max = 0n
  for (const { metadata } of sets) {
    const revision = revisionOf(metadata.annotations?.[revisionAnnotation] ?? '')
    if (revision !== undefined && revision > max) max = revision
  }
  return max
}

export const replicasAnnotations = (deployment: Deployment): Annotations => ({
  [desiredReplicasAnnotation]: String(replicasOf(deployment)),
  [maxReplicasAnnotation]: String(replicasOf(deployment) + maxSurge(deployment)),
})

/**
 * The annotations of the ReplicaSet that is the Deployment's new one, or becomes it again after a
 * rollback.
 */
export function newSetAnnotations(
  deployment: Deployment,
  existing: Annotations | undefined,
  revision: bigint,
): Annotations {
  const annotations: Record<string, string> = { ...existing }
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!notCopied.has(name)) annotations[name] = value
  }
  const before = annotations[revisionAnnotation]
  const known = revisionOf(before ?? '0')
  if (known === undefined) return annotations
  if (known < revision) {
    annotations[revisionAnnotation] = String(revision)
    if (before !== undefined) {
      const history = extendHistory(annotations[revisionHistoryAnnotation] ?? '', before)
      if (history !== '') annotations[revisionHistoryAnnotation] = history
    }
  }
  return existing ? annotations : { ...annotations, ...replicasAnnotations(deployment) }
}

/** `1,3` and `5` make `1,3,5`; the oldest are dropped when it grows too long. */
function extendHistory(history: string, revision: string): string {
  const revisions = history === '' ? [] : history.split(',')
  revisions.push(revision)
  while (revisions.length > 1 && revisions.join(',').length > maxHistoryLength) revisions.shift()
  return revisions.join(',')
}

/** Letters and digits that cannot spell words, as apimachinery's rand.SafeEncodeString uses. */
const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`
}

/**
 * A stable hash of a template as a label's value; `collisionCount` makes another one of the same template.
 */
export function templateHash(
  template: PodTemplateSpec | undefined,
  collisionCount: number | undefined,
): string {
  const text = canonical(template) + (collisionCount ? `#${collisionCount}` : '')
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  const digits = String(hash >>> 0)
  return [...digits].map(digit => safeAlphabet[digit.charCodeAt(0) % safeAlphabet.length]).join('')
}
