// delete and deletecollection: carry out what deletion.ts plans.
import type { KubeObject } from '../../api/object.ts'
import { isNotFound, notFound } from '../../api/status.ts'
import { admit, validateAdmission } from '../admission/admission.ts'
import { checkDeleteOptions, checkPreconditions, planDeletion } from './deletion.ts'
import { nothingPending } from './hooks.ts'
import { listObjects, load, refresh } from './list.ts'
import { confirmNewest, known, onNewest, type Target } from './races.ts'
import type { DeleteOptions, ListOptions, RequestContext, StoredList, StoredObject } from './registry.ts'
import { keyIn, type RegistryScope } from './scope.ts'
import type { Stored } from './stored.ts'

export interface DeleteRequest {
  readonly context: RequestContext
  readonly target: Target
  readonly options: DeleteOptions
}

export interface Deleted {
  readonly stored: StoredObject
  readonly finished: boolean
}

export async function deleteObject(scope: RegistryScope, request: DeleteRequest): Promise<Deleted> {
  const { target, options } = request
  checkDeleteOptions(options)
  await load(scope, 'delete')
  if (!known(scope, target)) await refresh(scope, 'delete')
  await admitDeletion(scope, request)
  return onNewest(scope, { target, verb: 'delete' }, () => deleteOnce(scope, request))
}

function find(scope: RegistryScope, target: Target): Stored {
  const current = known(scope, target)
  if (!current) throw notFound(scope.resource, target.name)
  return current
}

async function admitDeletion(
  scope: RegistryScope,
  { target, context, options }: DeleteRequest,
): Promise<void> {
  if (scope.admission.length === 0) return
  const current = find(scope, target)
  const attributes = {
    operation: 'DELETE' as const,
    resource: scope.resource,
    subresource: '',
    namespace: current.namespace,
    name: current.name,
    object: undefined,
    get oldObject() {
      return current.object
    },
    dryRun: options.dryRun ?? false,
    context,
  }
  await admit(scope.admission, attributes)
  await validateAdmission(scope.admission, attributes)
}

/** Most objects go without a word: no grace period, no finalizers, no wishes for the dependents. */
function isPlain({ resource }: RegistryScope, current: Stored, options: DeleteOptions): boolean {
  return (
    !resource.defaultGracePeriodSeconds &&
    !resource.defaultPropagation &&
    options.orphanDependents === undefined &&
    (options.propagationPolicy === undefined || options.propagationPolicy === 'Background') &&
    resource.resource !== 'namespaces' &&
    !current.hasFinalizers
  )
}

async function deleteOnce(scope: RegistryScope, request: DeleteRequest): Promise<Deleted> {
  const { target, options } = request
  const { resource, clock } = scope
  const current = find(scope, target)
  if (options.preconditions) checkPreconditions(resource, current.object, options)
  const plan = isPlain(scope, current, options)
    ? { type: 'delete' as const }
    : planDeletion({ resource, object: current.parse(), options, nowMs: clock.now() })
  switch (plan.type) {
    case 'pending':
      await confirmNewest(scope, current)
      return { stored: current, finished: false }
    case 'delete':
      return remove(scope, current, options)
    case 'mark':
      return { stored: await mark(scope, current, { object: plan.object, options }), finished: false }
    case 'mark-and-delete': {
      const marked = await mark(scope, current, { object: plan.object, options })
      return options.dryRun ? { stored: marked, finished: true } : remove(scope, marked, options)
    }
  }
}

async function mark(
  scope: RegistryScope,
  current: Stored,
  { object, options }: { object: KubeObject; options: DeleteOptions },
): Promise<Stored> {
  const { codec, cache } = scope
  const value = codec.encode(object)
  const marked = codec.decode(value, current.revision, object)
  if (options.dryRun) return marked
  if (marked.bytes.equals(current.bytes)) {
    await confirmNewest(scope, current)
    return marked
  }
  const key = keyIn(scope, current.namespace, current.name)
  const update = { type: 'update', key, value, expectedRevision: current.revision } as const
  const revision = await cache.write([update], { value, object })
  return codec.decode(value, revision, object)
}

async function remove(scope: RegistryScope, current: Stored, options: DeleteOptions): Promise<Deleted> {
  const { cache, hooks } = scope
  const dryRun = options.dryRun ?? false
  const pending = (await hooks.beginDelete?.(current.object, { dryRun })) ?? nothingPending
  if (dryRun) {
    pending.abort()
    return { stored: current, finished: true }
  }
  const key = keyIn(scope, current.namespace, current.name)
  try {
    const revision = await cache.write([
      { type: 'delete', key, expectedRevision: current.revision },
      ...pending.operations,
    ])
    pending.commit()
    return { stored: current.at(revision), finished: true }
  } catch (error) {
    pending.abort()
    throw error
  }
}

/** All at once, so that the store groups the writes; what has gone in the meantime is no error. */
export async function deleteCollection(
  scope: RegistryScope,
  context: RequestContext,
  options: ListOptions & { readonly delete: DeleteOptions },
): Promise<StoredList> {
  const { delete: deletion, ...selection } = options
  checkDeleteOptions(deletion)
  const list = await listObjects(scope, selection)
  const outcomes = await Promise.allSettled(
    list.items.map(({ namespace, name }) =>
      deleteObject(scope, { context, target: { namespace, name }, options: deletion }),
    ),
  )
  const failed = outcomes.find(outcome => outcome.status === 'rejected' && !isNotFound(outcome.reason))
  if (failed?.status === 'rejected') throw failed.reason
  const items = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value.stored] : []))
  return { ...list, items }
}
