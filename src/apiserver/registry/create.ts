// create: completes, admits, checks, encodes and writes a new object. The order of steps is upstream's
// (pkg/registry/rest/create.go, pkg/registry/generic/registry/store.go).
import { randomUUID } from 'node:crypto'
import { invalid } from '../../api/fields.ts'
import { validateObjectMeta } from '../../api/meta/objectmeta.ts'
import type { KubeObject } from '../../api/object.ts'
import { alreadyExists, badRequest, isAlreadyExists, StatusError } from '../../api/status.ts'
import { StoreError } from '../../storage/store.ts'
import { type AdmissionAttributes, admit, validateAdmission } from '../admission/admission.ts'
import { toStatusError } from './errors.ts'
import { generateName } from './generatename.ts'
import { nothingPending, type PendingWrite } from './hooks.ts'
import { load, refresh } from './list.ts'
import { catchUp, isHooksConflict, raceAttempts } from './races.ts'
import type { RequestContext, StoredObject, WriteOptions } from './registry.ts'
import { keyIn, type RegistryScope } from './scope.ts'
import type { Stored } from './stored.ts'

/** How often a name is generated when the one before was taken. */
const nameAttempts = 8

export interface CreateOptions extends WriteOptions {
  readonly namespace: string
}

export async function createObject(
  scope: RegistryScope,
  request: { readonly context: RequestContext; readonly object: KubeObject },
  options: CreateOptions,
): Promise<StoredObject> {
  const { object, context } = request
  await load(scope, 'create')
  prepareMetadata(scope, object, options.namespace)
  scope.resource.default?.(object)
  const attributes = createAttributes(scope, object, { context, options })
  await admit(scope.admission, attributes)
  const { metadata } = object
  if (metadata.name || !metadata.generateName) return createNamed(scope, attributes)
  for (let attempt = 1; ; attempt++) {
    metadata.name = generateName(metadata.generateName)
    try {
      return await createNamed(scope, { ...attributes, name: metadata.name })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      if (attempt === nameAttempts) throw noFreeName(scope, metadata.name)
    }
  }
}

function createAttributes(
  scope: RegistryScope,
  object: KubeObject,
  { context, options }: { context: RequestContext; options: CreateOptions },
): AdmissionAttributes & { readonly object: KubeObject } {
  return {
    operation: 'CREATE',
    resource: scope.resource,
    subresource: options.subresource ?? '',
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
    object,
    oldObject: undefined,
    dryRun: options.dryRun ?? false,
    context,
  }
}

function noFreeName(scope: RegistryScope, name: string): StatusError {
  const { code, reason, message, details } = alreadyExists(scope.resource, name)
  return new StatusError({
    code,
    reason,
    message: `${message}, the server was not able to generate a unique name for the object`,
    details: { ...details, retryAfterSeconds: 1 },
  })
}

/** Gives the object the request's namespace, or takes it away; throws when it names another one. */
export function matchNamespace(scope: RegistryScope, object: KubeObject, requested: string): void {
  const { metadata } = object
  const expected = scope.resource.namespaced ? requested : ''
  if (metadata.namespace && expected !== '' && metadata.namespace !== expected) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  metadata.namespace = expected === '' ? undefined : expected
}

let lastSecond = -1
let lastTimestamp = ''

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function timestamp(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastTimestamp = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  }
  return lastTimestamp
}

function prepareMetadata(scope: RegistryScope, object: KubeObject, namespace: string): void {
  object.metadata ??= {}
  const { metadata } = object
  matchNamespace(scope, object, namespace)
  if (metadata.resourceVersion && metadata.resourceVersion !== '0') {
    throw badRequest('resourceVersion should not be set on objects to be created')
  }
  metadata.uid = randomUUID()
  metadata.creationTimestamp = timestamp(scope.clock.now())
  metadata.deletionTimestamp = undefined
  metadata.deletionGracePeriodSeconds = undefined
  metadata.managedFields = undefined
  metadata.selfLink = undefined
}

async function createNamed(
  scope: RegistryScope,
  attributes: AdmissionAttributes & { readonly object: KubeObject },
): Promise<StoredObject> {
  const { beginCreate } = scope.hooks
  if (!beginCreate) return createOnce(scope, attributes, attributes.object)
  // What a hook fills in must not look like the client's wish when it has to begin again.
  const wanted = JSON.stringify(attributes.object)
  for (let attempt = 1; ; attempt++) {
    try {
      return await createOnce(scope, attributes, JSON.parse(wanted))
    } catch (error) {
      if (!isHooksConflict(error)) throw error
      if (attempt === raceAttempts) {
        throw toStatusError(error, { resource: scope.resource, name: attributes.name, verb: 'create' })
      }
      await catchUp(scope, error)
    }
  }
}

async function createOnce(
  scope: RegistryScope,
  attributes: AdmissionAttributes,
  object: KubeObject,
): Promise<StoredObject> {
  const { resource, hooks } = scope
  if (resource.hasStatus && !resource.keepsStatusOnCreate) (object as { status?: unknown }).status = undefined
  if (resource.hasGeneration) object.metadata.generation = 1
  const { dryRun, context } = attributes
  resource.prepareForCreate?.(object, context.user)
  const pending = (await hooks.beginCreate?.(object, { dryRun })) ?? nothingPending
  try {
    const errors = [...validateObjectMeta(object.metadata, resource), ...(resource.validate?.(object) ?? [])]
    if (errors.length > 0) throw invalid(resource, object.metadata.name ?? '', errors)
    for (const warning of resource.warnings?.(object) ?? []) context.warn(warning)
    await validateAdmission(scope.admission, { ...attributes, object })
    const stored = dryRun ? await createNothing(scope, object) : await writeNew(scope, object, pending)
    if (dryRun) pending.abort()
    else pending.commit()
    return stored
  } catch (error) {
    pending.abort()
    throw error
  }
}

async function createNothing(scope: RegistryScope, object: KubeObject): Promise<Stored> {
  const { namespace = '', name = '' } = object.metadata
  await refresh(scope, 'create')
  const existing = scope.cache.get(namespace, name)
  if (existing) throw taken(scope, existing)
  return scope.codec.decode(scope.codec.encode(object), 0, object)
}

async function writeNew(scope: RegistryScope, object: KubeObject, pending: PendingWrite): Promise<Stored> {
  const { cache, codec } = scope
  const { namespace = '', name = '' } = object.metadata
  const value = codec.encode(object)
  const key = keyIn(scope, namespace, name)
  try {
    const operations = [{ type: 'create', key, value } as const, ...pending.operations]
    const revision = await cache.write(operations, { value, object })
    const stored = cache.get(namespace, name)
    return stored?.revision === revision ? stored : codec.decode(value, revision, object)
  } catch (error) {
    if (isHooksConflict(error)) throw error
    if (error instanceof StoreError && error.code === 'KeyExists') {
      await refresh(scope, 'create')
      const existing = cache.get(namespace, name)
      if (existing) throw taken(scope, existing)
    }
    throw toStatusError(error, { resource: scope.resource, name, verb: 'create' })
  }
}

function taken(scope: RegistryScope, existing: Stored): StatusError {
  const error = alreadyExists(scope.resource, existing.name)
  if (!existing.object.metadata.deletionTimestamp) return error
  const { code, reason, message, details } = error
  return new StatusError({ code, reason, message: `object is being deleted: ${message}`, details })
}
