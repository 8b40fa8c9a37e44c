// Empties namespaces that are being deleted and lets them go: kube-controller-manager's namespace-
// controller. Pods go first (KEP-5080), then everything else.
import type { Namespace, NamespaceCondition } from '../api/generated/types.ts'
import { withCondition } from '../api/meta/conditions.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isConflict, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { defineController, type ReconcileContext } from './controller.ts'
import { messageOf } from './podcontrol.ts'
import { namespaces } from './resources.ts'

export interface NamespaceOptions {
  /** All resources of the server; asked again for each namespace, since some come and go. */
  resources(): readonly Resource[]
}

const finalizer = 'kubernetes'

interface Remaining {
  readonly resource: Resource
  readonly objects: readonly KubeObject[]
}

interface Deletion {
  readonly remaining: readonly Remaining[]
  readonly failures: readonly string[]
}

const isDeletable = ({ namespaced, verbs, storedAs }: Resource) =>
  namespaced &&
  !storedAs &&
  ['list', 'delete', 'deletecollection'].every(verb => verbs.some(have => have === verb))

/** Deletes a namespace's objects of one kind; what is left waits for its finalizers or its grace period. */
async function empty(client: Client, resource: Resource, namespace: string): Promise<readonly KubeObject[]> {
  const { items } = await client.list(resource, { namespace })
  if (items.some(({ metadata }) => !metadata.deletionTimestamp)) {
    await client.deleteCollection(resource, { namespace, delete: { propagationPolicy: 'Background' } })
  } else if (items.length === 0) {
    return items
  }
  return (await client.list(resource, { namespace })).items
}

async function emptyAll(
  client: Client,
  resources: readonly Resource[],
  namespace: string,
): Promise<Deletion> {
  const remaining: Remaining[] = []
  const failures: string[] = []
  for (const resource of resources) {
    try {
      const objects = await empty(client, resource, namespace)
      if (objects.length > 0) remaining.push({ resource, objects })
    } catch (error) {
      if (!isNotFound(error)) failures.push(messageOf(error))
    }
  }
  return { remaining, failures }
}

const condition = (type: string, status: string, text: readonly [reason: string, message: string]) => ({
  type,
  status,
  reason: text[0],
  message: text[1],
})

/** How far the deletion has come, for `kubectl describe namespace`. */
export function planConditions(
  current: readonly NamespaceCondition[],
  { remaining, failures }: Deletion,
  nowMs: number,
): readonly NamespaceCondition[] {
  const contents = remaining.map(
    ({ resource, objects }) =>
      `${resource.resource}.${resource.group} has ${objects.length} resource instances`,
  )
  const counts = new Map<string, number>()
  for (const { objects } of remaining) {
    for (const name of objects.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  const finalizers = [...counts].map(([name, count]) => `${name} in ${count} resource instances`)
  const failed = `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`
  const wanted = [
    condition('NamespaceDeletionDiscoveryFailure', 'False', [
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ]),
    condition('NamespaceDeletionGroupVersionParsingFailure', 'False', [
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ]),
    failures.length > 0
      ? condition('NamespaceDeletionContentFailure', 'True', ['ContentDeletionFailed', failed])
      : condition('NamespaceDeletionContentFailure', 'False', [
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ]),
    contents.length > 0
      ? condition('NamespaceContentRemaining', 'True', [
          'SomeResourcesRemain',
          `Some resources are remaining: ${contents.sort().join(', ')}`,
        ])
      : condition('NamespaceContentRemaining', 'False', [
          'ContentRemoved',
          'All content successfully removed',
        ]),
    finalizers.length > 0
      ? condition('NamespaceFinalizersRemaining', 'True', [
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${finalizers.sort().join(', ')}`,
        ])
      : condition('NamespaceFinalizersRemaining', 'False', [
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ]),
  ]
  return wanted.reduce<readonly NamespaceCondition[]>(
    (list, next) => withCondition(list, next, nowMs),
    current,
  )
}

async function finalize(namespace: Namespace, { client }: ReconcileContext): Promise<void> {
  const finalizers = namespace.spec?.finalizers?.filter(name => name !== finalizer) ?? []
  await client.update(
    namespaces,
    { ...namespace, spec: { ...namespace.spec, finalizers } },
    { subresource: 'finalize' },
  )
}

export function namespaceController(options: NamespaceOptions) {
  /** Key -> how often the namespace was found not yet empty. */
  const rounds = new Map<string, number>()
  return defineController<Namespace>({
    name: 'namespace-controller',
    for: namespaces,
    workers: 10,
    async reconcile(namespace, context) {
      const { client, clock, key } = context
      if (!namespace.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(finalizer)) return
      const deletable = options.resources().filter(isDeletable)
      const isPods = ({ group, resource }: Resource) => group === '' && resource === 'pods'
      let deletion = await emptyAll(client, deletable.filter(isPods), key)
      if (deletion.remaining.length === 0 && deletion.failures.length === 0) {
        const others = deletable.filter(resource => !isPods(resource))
        deletion = await emptyAll(client, others, key)
      }
      if (deletion.remaining.length === 0 && deletion.failures.length === 0) {
        rounds.delete(key)
        return finalize(namespace, context).catch(error => {
          if (!isNotFound(error)) throw error
        })
      }
      const before = namespace.status?.conditions ?? []
      const conditions = planConditions(before, deletion, clock.now())
      const round = (rounds.get(key) ?? 0) + 1
      rounds.set(key, round)
      context.enqueueAfter(Math.min(25 * 2 ** round, 5000))
      if (conditions === before) return
      const status = { ...namespace.status, conditions: [...conditions] }
      await client.updateStatus(namespaces, { ...namespace, status }).catch(error => {
        if (!isNotFound(error) && !isConflict(error)) throw error
      })
    },
    deleted: key => void rounds.delete(key),
  })
}
