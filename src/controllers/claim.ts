// Which objects are a controller's: those it controls and that match its selector, and orphans that match,
// which it adopts. What it controls and no longer matches it lets go. Upstream: controller_ref_manager.go.
import type { LabelSelector } from '../api/generated/types.ts'
import { labelMatcher } from '../api/meta/labels.ts'
import { controllerOf, controllerReference } from '../api/meta/owners.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isInvalid, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { Cache } from './cache.ts'
import { TerminalError } from './controller.ts'

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  readonly owner: O
  readonly ownerResource: Resource<O>
  readonly resource: Resource<T>
  readonly selector: LabelSelector | undefined
  readonly client: Client
  readonly cache: Cache
  /** Objects that may not be adopted, such as finished Pods. Default: all may. */
  adoptable?(object: T): boolean
}

/** The owner's objects after adoption and release. */
export async function claim<O extends KubeObject, T extends KubeObject>(
  options: ClaimOptions<O, T>,
): Promise<T[]> {
  const { owner, resource, cache } = options
  const matches = labelMatcher(options.selector)
  const namespace = owner.metadata.namespace ?? ''
  const mine: T[] = []
  for (const object of cache.ownedBy(resource, owner)) {
    if (matches(object.metadata.labels ?? {})) mine.push(object)
    else if (owner.metadata.deletionTimestamp) mine.push(object)
    else await release(options, object)
  }
  if (owner.metadata.deletionTimestamp) return mine
  for (const object of orphansIn(cache, resource, namespace)) {
    if (!matches(object.metadata.labels ?? {})) continue
    if (object.metadata.deletionTimestamp || options.adoptable?.(object) === false) continue
    const adopted = await adopt(options, object)
    if (adopted) mine.push(adopted)
  }
  return mine
}

/** For `onChange`: the keys of the owners that an orphan would fit. */
export const wouldAdopt =
  <O extends KubeObject>(owners: Resource<O>, selectorOf: (owner: O) => LabelSelector | undefined) =>
  (object: KubeObject, cache: Cache): string[] => {
    const { namespace = '', labels } = object.metadata
    if (controllerOf(object) || !labels) return []
    return cache
      .inNamespace(owners, namespace)
      .filter(owner => labelMatcher(selectorOf(owner))(labels))
      .map(owner => `${namespace}/${owner.metadata.name}`)
  }

const orphanNamespace = (object: KubeObject): readonly string[] =>
  controllerOf(object) ? [] : [object.metadata.namespace ?? '']

/** Objects without a controller; an index, since most objects have one. */
export function orphansIn<T extends KubeObject>(cache: Cache, resource: Resource<T>, namespace: string): T[] {
  const informer = cache.informer(resource)
  informer.addIndex('orphan', orphanNamespace)
  return informer.byIndex('orphan', namespace)
}

async function adopt<O extends KubeObject, T extends KubeObject>(
  { owner, ownerResource, resource, client }: ClaimOptions<O, T>,
  object: T,
): Promise<T | undefined> {
  const { namespace, name = '' } = owner.metadata
  const fresh = await client.get(ownerResource, { namespace, name })
  if (fresh.metadata.uid !== owner.metadata.uid) throw new TerminalError(`${name} is not the one it was`)
  if (fresh.metadata.deletionTimestamp) return undefined
  const ownerReferences = [
    ...(object.metadata.ownerReferences ?? []),
    controllerReference(ownerResource, owner),
  ]
  return patchOwners({ client, resource, object, ownerReferences })
}

async function release<O extends KubeObject, T extends KubeObject>(
  { owner, resource, client }: ClaimOptions<O, T>,
  object: T,
): Promise<void> {
  if (object.metadata.deletionTimestamp) return
  const others = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? []
  await patchOwners({ client, resource, object, ownerReferences: others.length > 0 ? others : null })
}

async function patchOwners<T extends KubeObject>(options: {
  readonly client: Client
  readonly resource: Resource<T>
  readonly object: T
  readonly ownerReferences: unknown
}): Promise<T | undefined> {
  const { namespace, name = '', uid, resourceVersion } = options.object.metadata
  const patch = { metadata: { uid, resourceVersion, ownerReferences: options.ownerReferences } }
  try {
    return await options.client.patch(options.resource, { namespace, name }, patch)
  } catch (error) {
    if (isNotFound(error) || isInvalid(error)) return undefined
    throw error
  }
}
