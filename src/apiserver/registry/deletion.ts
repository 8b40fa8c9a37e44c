// What a DELETE does to an object, decided without touching anything: at once, after a grace period, or
// once the finalizers are gone. Follows upstream's pkg/registry/rest/delete.go, generic/registry/store.go
// and, for namespaces, pkg/registry/core/namespace/storage.
import { type FieldError, invalid, invalidValue, notSupported } from '../../api/fields.ts'
import type { Namespace, ObjectMeta } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { conflict } from '../../api/status.ts'
import { timestamp } from './create.ts'
import type { DeleteOptions } from './registry.ts'

export type DeletionPlan =
  /** It is gone with the next write. */
  | { readonly type: 'delete' }
  /** It is marked and stays. */
  | { readonly type: 'mark'; readonly object: KubeObject }
  /** Those who watch see the mark before the end. */
  | { readonly type: 'mark-and-delete'; readonly object: KubeObject }
  /** Nothing changes: it is being deleted already. */
  | { readonly type: 'pending' }

const optionsKind = { group: 'meta.k8s.io', resource: 'deleteoptions', kind: 'DeleteOptions' }
const policies = ['Foreground', 'Background', 'Orphan']

export function checkDeleteOptions({ propagationPolicy, orphanDependents }: DeleteOptions): void {
  const errors: FieldError[] = []
  const field = 'propagationPolicy'
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set'
    errors.push(invalidValue(field, propagationPolicy, why))
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    errors.push(notSupported(field, propagationPolicy, [...policies, 'nil']))
  }
  if (errors.length > 0) throw invalid(optionsKind, '', errors)
}

/** Throws Conflict when the object is not the one that was meant. */
export function checkPreconditions(resource: Resource, object: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const { metadata } = object
  const checks = [
    { field: 'UID', wanted: uid, found: metadata.uid, why: 'deleted and then recreated' },
    { field: 'ResourceVersion', wanted: resourceVersion, found: metadata.resourceVersion, why: 'modified' },
  ]
  for (const { field, wanted, found, why } of checks) {
    if (wanted === undefined || wanted === found) continue
    const name = metadata.name ?? ''
    if (isNamespaces(resource)) {
      const text = `${field} in precondition: ${wanted}, ${field} in object meta: ${found}`
      throw conflict(resource, name, `Precondition failed: ${text}`)
    }
    throw conflict(
      { group: resource.group, resource: resource.kind },
      name,
      `the ${field} in the precondition (${wanted}) does not match the ${field} in record (${found}). ` +
        `The object might have been ${why}`,
    )
  }
}

/** Whose deletion has its own rules and words. */
const isNamespaces = ({ group, resource }: Resource) => group === '' && resource === 'namespaces'

export interface DeletionRequest {
  readonly resource: Resource
  /** A copy that the plan may change. */
  readonly object: KubeObject
  readonly options: DeleteOptions
  readonly nowMs: number
}

export function planDeletion(request: DeletionRequest): DeletionPlan {
  const { resource } = request
  if (isNamespaces(resource)) return planNamespaceDeletion(request)
  return planObjectDeletion(request)
}

function planObjectDeletion({ resource, object, options, nowMs }: DeletionRequest): DeletionPlan {
  const { metadata } = object
  const grace = beginGrace({ resource, object, options, nowMs })
  if (grace === 'pending') return { type: 'pending' }
  setFinalizers(resource, metadata, options)
  const mustWait = (metadata.finalizers?.length ?? 0) > 0
  if (grace === 'none') {
    if (!mustWait) return { type: 'delete' }
    markDeleting(metadata, nowMs)
    return { type: 'mark', object }
  }
  return { type: mustWait || grace > 0 ? 'mark' : 'mark-and-delete', object }
}

/** Of kinds that know a grace period, its length in seconds; the mark is set. */
function beginGrace({ resource, object, options, nowMs }: DeletionRequest): number | 'none' | 'pending' {
  if (!resource.defaultGracePeriodSeconds) return 'none'
  const { metadata } = object
  const asked = options.gracePeriodSeconds
  const wanted = asked !== undefined && asked < 0 ? 1 : asked
  if (metadata.deletionTimestamp) {
    const running = metadata.deletionGracePeriodSeconds
    if (running === undefined) return 'none'
    // A deletion that goes on may only be hastened.
    if (wanted === undefined || wanted >= running) return 'pending'
    const dueMs = Date.parse(metadata.deletionTimestamp) + (wanted - running) * 1000
    metadata.deletionTimestamp = timestamp(dueMs)
    metadata.deletionGracePeriodSeconds = wanted
    return wanted
  }
  const byDefault = resource.defaultGracePeriodSeconds(object)
  const seconds = needsNoGrace(object) ? 0 : (wanted ?? byDefault)
  const period = seconds < 0 ? 1 : seconds
  metadata.deletionTimestamp = timestamp(nowMs + period * 1000)
  metadata.deletionGracePeriodSeconds = period
  if ((metadata.generation ?? 0) > 0) metadata.generation = metadata.generation! + 1
  return period
}

/** A Pod that is on no node yet, or has ended: nobody needs time to stop it. */
function needsNoGrace(object: KubeObject): boolean {
  const { spec, status } = object as { spec?: { nodeName?: string }; status?: { phase?: string } }
  return !spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

function markDeleting(metadata: ObjectMeta, nowMs: number): void {
  if (metadata.deletionGracePeriodSeconds === undefined && (metadata.generation ?? 0) > 0) {
    metadata.generation = metadata.generation! + 1
  }
  metadata.deletionTimestamp ??= timestamp(nowMs)
  metadata.deletionGracePeriodSeconds = 0
}

const orphan = 'orphan'
const foreground = 'foregroundDeletion'

/** The finalizer by which the garbage collector learns what is to become of the dependents. */
function collectorFinalizer(
  { defaultPropagation, resource }: Resource,
  finalizers: readonly string[],
  { orphanDependents, propagationPolicy }: DeleteOptions,
): string | undefined {
  if (resource === 'events') return undefined
  if (orphanDependents !== undefined) return orphanDependents ? orphan : undefined
  if (propagationPolicy !== undefined) return finalizerOf[propagationPolicy]
  if (finalizers.includes(orphan)) return orphan
  if (finalizers.includes(foreground)) return foreground
  return defaultPropagation && finalizerOf[defaultPropagation]
}

const finalizerOf = { Orphan: orphan, Foreground: foreground, Background: undefined } as const

function setFinalizers(resource: Resource, metadata: ObjectMeta, options: DeleteOptions): void {
  const before = metadata.finalizers ?? []
  const wanted = collectorFinalizer(resource, before, options)
  const present = before.filter(name => name === orphan || name === foreground)
  if (present.length === (wanted ? 1 : 0) && present[0] === wanted) return
  const others = before.filter(name => name !== orphan && name !== foreground)
  const finalizers = wanted ? [...others, wanted] : others
  metadata.finalizers = finalizers.length > 0 ? finalizers : undefined
}

/** A namespace is Terminating until its content is gone and spec.finalizers is empty. */
function planNamespaceDeletion(request: DeletionRequest): DeletionPlan {
  const { resource, options, nowMs } = request
  const namespace = request.object as Namespace
  const { metadata } = namespace
  if (!metadata.deletionTimestamp) {
    metadata.deletionTimestamp = timestamp(nowMs)
    namespace.status = { ...namespace.status, phase: 'Terminating' }
    setFinalizers(resource, metadata, options)
    const isEmpty = !metadata.finalizers?.length && !namespace.spec?.finalizers?.length
    return { type: isEmpty ? 'mark-and-delete' : 'mark', object: namespace }
  }
  if ((namespace.spec?.finalizers?.length ?? 0) > 0) return { type: 'pending' }
  return planObjectDeletion(request)
}
