// update: reads, lets the caller transform, completes, admits, checks and writes what changed; the same for
// PUT and for every kind of patch, on the resource and on its subresources. The order of steps is
// upstream's (pkg/registry/generic/registry/store.go, pkg/registry/rest/update.go).
import { type FieldError, invalid, invalidValue } from '../../api/fields.ts'
import { sameValue, validateObjectMetaUpdate } from '../../api/meta/objectmeta.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest, conflict, notFound } from '../../api/status.ts'
import { type AdmissionAttributes, admit, validateAdmission } from '../admission/admission.ts'
import { subresourceStrategy, type UpdateStrategy } from '../subresources/strategy.ts'
import { createObject, matchNamespace } from './create.ts'
import { modifiedText } from './errors.ts'
import { nothingPending, type PendingWrite } from './hooks.ts'
import { load } from './list.ts'
import { confirmNewest, known, onNewest, type Target } from './races.ts'
import type { RequestContext, StoredObject, UpdateOptions } from './registry.ts'
import { keyIn, type RegistryScope } from './scope.ts'
import type { Stored } from './stored.ts'

export interface UpdateRequest {
  readonly context: RequestContext
  readonly target: Target
}

export interface Updated {
  readonly stored: StoredObject
  readonly created: boolean
}

export async function updateObject(
  scope: RegistryScope,
  request: UpdateRequest,
  options: UpdateOptions,
): Promise<Updated> {
  await load(scope, 'update')
  return onNewest(scope, { target: request.target, verb: 'update' }, () =>
    updateOnce(scope, request, options),
  )
}

async function updateOnce(
  scope: RegistryScope,
  request: UpdateRequest,
  options: UpdateOptions,
): Promise<Updated> {
  const { resource } = scope
  const { target, context } = request
  const current = known(scope, target)
  if (!current) return createInstead(scope, request, options)
  const object = await options.transform(options.keepsCurrent ? current.object : current.parse())
  const previous = current.object
  checkIdentity(scope, { object, current, isPatch: options.isPatch ?? false })
  matchNamespace(scope, object, target.namespace)
  resource.default?.(object)
  const strategy = subresourceStrategy(resource, options.subresource ?? '')
  const attributes: AdmissionAttributes = {
    operation: 'UPDATE',
    resource,
    subresource: options.subresource ?? '',
    namespace: current.namespace,
    name: current.name,
    object,
    oldObject: previous,
    dryRun: options.dryRun ?? false,
    context,
  }
  await admit(scope.admission, attributes)
  keepMetadata(object, previous)
  strategy.prepare(object, previous, scope.clock.now())
  if (resource.hasGeneration && strategy.bumpsGeneration && hasNewSpec(object, previous)) {
    object.metadata.generation = (previous.metadata.generation ?? 0) + 1
  }
  const { dryRun } = attributes
  const pending =
    (strategy.isMain ? await scope.hooks.beginUpdate?.(object, previous, { dryRun }) : undefined) ??
    nothingPending
  try {
    check(scope, { object, previous, strategy, context })
    await validateAdmission(scope.admission, attributes)
    const stored = await finish(scope, { object, current, pending, dryRun })
    if (dryRun) pending.abort()
    else pending.commit()
    return { stored, created: false }
  } catch (error) {
    pending.abort()
    throw error
  }
}

async function createInstead(
  scope: RegistryScope,
  { context, target }: UpdateRequest,
  options: UpdateOptions,
): Promise<Updated> {
  const { resource } = scope
  const { uid } = options
  if (uid) throw conflict(resource, target.name, uidText(scope, target, { wanted: uid, found: '' }))
  if (!resource.allowCreateOnUpdate || options.subresource) throw notFound(resource, target.name)
  await options.mayCreate?.()
  const object = await options.transform(undefined)
  object.metadata.resourceVersion = undefined
  const { dryRun } = options
  const create = { namespace: target.namespace, ...(dryRun === undefined ? {} : { dryRun }) }
  return { stored: await createObject(scope, { context, object }, create), created: true }
}

/** As upstream's storage words a failed precondition. */
export function uidText(
  scope: RegistryScope,
  target: Target,
  uids: { wanted: string; found: string },
): string {
  const key = keyIn(scope, target.namespace, target.name)
  return (
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ` +
    `Precondition failed: UID in precondition: ${uids.wanted}, UID in object meta: ${uids.found}`
  )
}

/**
 * Groups and kinds that are only updated with a resourceVersion (upstream's AllowUnconditionalUpdate is
 * false).
 */
const conditional = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'policy/poddisruptionbudgets',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/csistoragecapacities',
  'storage.k8s.io/volumeattachments',
])

function checkIdentity(
  scope: RegistryScope,
  { object, current, isPatch }: { object: KubeObject; current: Stored; isPatch: boolean },
): void {
  const { resource } = scope
  const { name, namespace } = current
  const { metadata } = object
  if (!isPatch && metadata.uid && metadata.uid !== current.uid) {
    const why = uidText(scope, { namespace, name }, { wanted: metadata.uid, found: current.uid })
    throw conflict(resource, name, why)
  }
  const { resourceVersion = '' } = metadata
  if (resourceVersion !== '' && resourceVersion !== '0') {
    if (!/^\d+$/.test(resourceVersion)) {
      const message = `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`
      throw badRequest(message)
    }
    if (resourceVersion !== String(current.revision)) throw conflict(resource, name, modifiedText)
    return
  }
  if (conditional.has(resource.group) || conditional.has(`${resource.group}/${resource.resource}`)) {
    const problem = invalidValue('metadata.resourceVersion', 0, 'must be specified for an update')
    throw invalid({ ...resource, kind: resource.resource }, name, [problem])
  }
  metadata.resourceVersion = String(current.revision)
}

/** What no update changes, whatever was sent. */
function keepMetadata({ metadata }: KubeObject, { metadata: previous }: KubeObject): void {
  metadata.generation = previous.generation
  metadata.uid ||= previous.uid
  metadata.creationTimestamp = previous.creationTimestamp
  if (previous.deletionTimestamp) metadata.deletionTimestamp = previous.deletionTimestamp
  metadata.deletionGracePeriodSeconds ??= previous.deletionGracePeriodSeconds
  metadata.managedFields = previous.managedFields
  metadata.selfLink = undefined
}

function hasNewSpec(object: KubeObject, previous: KubeObject): boolean {
  const before = previous as unknown as Record<string, unknown>
  const after = object as unknown as Record<string, unknown>
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].some(
    field =>
      field !== 'metadata' &&
      field !== 'status' &&
      field !== 'kind' &&
      field !== 'apiVersion' &&
      !sameValue(before[field], after[field]),
  )
}

interface Checked {
  readonly object: KubeObject
  readonly previous: KubeObject
  readonly strategy: UpdateStrategy
  readonly context: RequestContext
}

function check({ resource }: RegistryScope, { object, previous, strategy, context }: Checked): void {
  const errors: FieldError[] = validateObjectMetaUpdate(object.metadata, previous.metadata)
  errors.push(...strategy.validate(object, previous))
  if (errors.length > 0) throw invalid(resource, object.metadata.name ?? '', errors)
  if (strategy.isMain) {
    for (const warning of resource.warnings?.(object, previous) ?? []) context.warn(warning)
  }
}

interface Finishing {
  readonly object: KubeObject
  readonly current: Stored
  readonly pending: PendingWrite
  readonly dryRun: boolean
}

async function finish(scope: RegistryScope, finishing: Finishing): Promise<StoredObject> {
  const { object, current, pending, dryRun } = finishing
  const { codec, cache } = scope
  const key = keyIn(scope, current.namespace, current.name)
  if (isLastStep(scope, object, current.object)) {
    const stored = codec.decode(codec.encode(object), current.revision, object)
    if (dryRun) return stored
    const deletion = (await scope.hooks.beginDelete?.(current.object, { dryRun })) ?? nothingPending
    try {
      await cache.write([
        { type: 'delete', key, expectedRevision: current.revision },
        ...pending.operations,
        ...deletion.operations,
      ])
      deletion.commit()
      return stored
    } catch (error) {
      deletion.abort()
      throw error
    }
  }
  const isIdle = pending.operations.length === 0 && !cache.isStale(current)
  if (isIdle && isUnchanged(object, current)) {
    await confirmNewest(scope, current)
    return current
  }
  const value = codec.encode(object)
  if (dryRun) return codec.decode(value, current.revision, object)
  const update = { type: 'update', key, value, expectedRevision: current.revision } as const
  const revision = await cache.write([update, ...pending.operations], { value, object })
  const stored = cache.get(current.namespace, current.name)
  return stored?.revision === revision ? stored : codec.decode(value, revision, object)
}

function isUnchanged(object: KubeObject, current: Stored): boolean {
  const { kind, apiVersion } = current.object
  return sameValue({ ...object, kind, apiVersion }, current.object)
}

/** A deletion only waited for finalizers, and this update takes the last one away. */
function isLastStep({ resource }: RegistryScope, object: KubeObject, previous: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = previous.metadata
  if ((object.metadata.finalizers?.length ?? 0) > 0) return false
  if (!deletionTimestamp || (deletionGracePeriodSeconds ?? 0) !== 0) return false
  if (resource.group !== '' || resource.resource !== 'namespaces') return true
  const { spec } = object as { spec?: { finalizers?: readonly string[] } }
  return (spec?.finalizers?.length ?? 0) === 0
}
