// Who depends on whom, by uid. Only objects that have owners are in it, and of them only what it takes to
// find them again: an object without owners costs nothing.
import type { OwnerReference } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'

export interface Dependent {
  readonly uid: string
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
  readonly owners: readonly OwnerReference[]
  /** It is being deleted in the foreground: waits for its own dependents. */
  readonly isWaiting: boolean
}

export interface GraphChange {
  /** Owners that nobody referred to before. */
  readonly newOwners: readonly OwnerReference[]
  /** Owners that this object no longer holds up: it does not refer to them any more, or no longer blocks. */
  readonly freedOwners: readonly OwnerReference[]
}

const noOwners: readonly OwnerReference[] = []
export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

const hasFinalizer = ({ metadata }: KubeObject, name: string) =>
  metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(name) === true

export const isWaitingForDependents = (object: KubeObject) => hasFinalizer(object, foregroundFinalizer)
export const isOrphaning = (object: KubeObject) => hasFinalizer(object, orphanFinalizer)

export class OwnerGraph {
  readonly #nodes = new Map<string, Dependent>()
  readonly #dependents = new Map<string, Set<string>>()

  get size(): number {
    return this.#nodes.size
  }

  get(uid: string): Dependent | undefined {
    return this.#nodes.get(uid)
  }

  /** The objects that name this one as an owner. */
  dependentsOf(uid: string): Dependent[] {
    const dependents: Dependent[] = []
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent)
      if (node) dependents.push(node)
    }
    return dependents
  }

  hasDependents(uid: string): boolean {
    return this.#dependents.has(uid)
  }

  /** The object as it is now; one without owners is kept only while it waits for its dependents. */
  put(resource: Resource, object: KubeObject): GraphChange {
    const { uid = '', name = '', namespace = '', ownerReferences = noOwners } = object.metadata
    const before = this.#nodes.get(uid)
    const isWaiting = isWaitingForDependents(object)
    if (!before && ownerReferences.length === 0 && !isWaiting) return { newOwners: [], freedOwners: [] }
    const owners = sameOwners(before?.owners, ownerReferences) ? (before?.owners ?? []) : ownerReferences
    if (owners.length === 0 && !isWaiting) this.#nodes.delete(uid)
    else this.#nodes.set(uid, { uid, resource, namespace, name, owners, isWaiting })
    if (before && owners === before.owners) return { newOwners: [], freedOwners: [] }
    return this.#relink(uid, before?.owners ?? noOwners, owners)
  }

  remove(uid: string): Dependent | undefined {
    const node = this.#nodes.get(uid)
    if (!node) return undefined
    this.#nodes.delete(uid)
    this.#relink(uid, node.owners, noOwners)
    return node
  }

  /** Objects of one resource, to find those that vanished unseen. */
  *ofResource(resource: Resource): Iterable<Dependent> {
    for (const node of this.#nodes.values()) if (node.resource === resource) yield node
  }

  /** Every owner that is referred to, with one who refers to it. */
  *owners(): Iterable<readonly [OwnerReference, Dependent]> {
    for (const [uid, dependents] of this.#dependents) {
      for (const dependent of dependents) {
        const node = this.#nodes.get(dependent)
        const owner = node?.owners.find(reference => reference.uid === uid)
        if (node && owner) yield [owner, node]
        break
      }
    }
  }

  #relink(uid: string, before: readonly OwnerReference[], after: readonly OwnerReference[]): GraphChange {
    const newOwners: OwnerReference[] = []
    for (const owner of after) {
      const dependents = this.#dependents.get(owner.uid)
      if (dependents) dependents.add(uid)
      else {
        this.#dependents.set(owner.uid, new Set([uid]))
        newOwners.push(owner)
      }
    }
    const lostOwners = before.filter(owner => !after.some(other => other.uid === owner.uid))
    for (const owner of lostOwners) {
      const dependents = this.#dependents.get(owner.uid)
      dependents?.delete(uid)
      if (dependents?.size === 0) this.#dependents.delete(owner.uid)
    }
    const unblocked = before.filter(
      ({ uid, blockOwnerDeletion }) =>
        blockOwnerDeletion && after.some(other => other.uid === uid && !other.blockOwnerDeletion),
    )
    return { newOwners, freedOwners: [...lostOwners, ...unblocked] }
  }
}

function sameOwners(a: readonly OwnerReference[] | undefined, b: readonly OwnerReference[]): boolean {
  return (
    a !== undefined &&
    a.length === b.length &&
    a.every(
      ({ uid, blockOwnerDeletion }, i) =>
        b[i]?.uid === uid && b[i]?.blockOwnerDeletion === blockOwnerDeletion,
    )
  )
}
