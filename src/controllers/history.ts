// The revisions of a DaemonSet's or StatefulSet's template, kept as ControllerRevisions so that `kubectl
// rollout history` and `undo` find them (upstream: pkg/controller/history).
import type { ControllerRevision, LabelSelector, PodTemplateSpec } from '../api/generated/types.ts'
import { controllerReference } from '../api/meta/owners.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isAlreadyExists, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { Cache } from './cache.ts'
import { claim } from './claim.ts'
import { controllerRevisions } from './resources.ts'
import { templateHash } from './revisions.ts'
import { sameValue } from './samevalue.ts'

/** On Pods. A DaemonSet's have its revision's hash there, a StatefulSet's its name. */
export const revisionLabel = 'controller-revision-hash'

interface Revisioned extends KubeObject {
  spec?: { readonly selector?: LabelSelector; readonly template?: PodTemplateSpec }
  status?: { readonly collisionCount?: number }
}

export interface History {
  /** The revision of the template as it is now. */
  readonly current: ControllerRevision
  /** All of them, oldest first. */
  readonly all: readonly ControllerRevision[]
}

/** What a revision remembers: the template, to be patched back as a whole. */
const dataOf = (template: PodTemplateSpec | undefined) => ({
  spec: { template: { ...template, $patch: 'replace' } },
})

export interface HistoryOptions<T extends Revisioned> {
  readonly owner: T
  readonly ownerResource: Resource<T>
  readonly client: Client
  readonly cache: Cache
  /** Where a revision keeps its hash; default: where Pods do. */
  readonly hashLabel?: string
}

/**
 * Finds the revision of the owner's template, makes it when it is new, and moves it to the end when it is
 * old.
 */
export async function syncHistory<T extends Revisioned>(options: HistoryOptions<T>): Promise<History> {
  const { owner, client, cache } = options
  const selector = owner.spec?.selector
  const all = (await claim({ ...options, resource: controllerRevisions, selector, client, cache })).sort(
    (a, b) => a.revision - b.revision,
  )
  const data = dataOf(owner.spec?.template)
  const newest = all.at(-1)
  const same = all.findLast(revision => sameValue(revision.data, data))
  if (!same) {
    const created = await createRevision(options, { data, revision: (newest?.revision ?? 0) + 1 })
    return { current: created, all: [...all, created] }
  }
  if (same === newest) return { current: same, all }
  const moved = await client.update(controllerRevisions, { ...same, revision: (newest?.revision ?? 0) + 1 })
  return { current: moved, all: [...all.filter(revision => revision !== same), moved] }
}

async function createRevision<T extends Revisioned>(
  { owner, ownerResource, client, hashLabel = revisionLabel }: HistoryOptions<T>,
  { data, revision }: { readonly data: object; readonly revision: number },
): Promise<ControllerRevision> {
  const { name = '', namespace } = owner.metadata
  const { template } = owner.spec ?? {}
  for (let collisions = owner.status?.collisionCount ?? 0; ; collisions++) {
    const hash = templateHash(template, collisions)
    try {
      return await client.create(controllerRevisions, {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name: `${name}-${hash}`,
          namespace,
          labels: { ...template?.metadata?.labels, [hashLabel]: hash },
          ...(owner.metadata.annotations ? { annotations: owner.metadata.annotations } : {}),
          ownerReferences: [controllerReference(ownerResource, owner)],
        },
        data,
        revision,
      })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const existing = await client.get(controllerRevisions, { namespace, name: `${name}-${hash}` })
      if (sameValue(existing.data, data)) return existing
    }
  }
}

/** What the Pods of a DaemonSet have in their label. */
export const hashOf = ({ metadata }: ControllerRevision): string => metadata.labels?.[revisionLabel] ?? ''

/** Removes the oldest revisions beyond the limit that no Pod has. */
export async function trimHistory(
  { all, current }: History,
  options: {
    readonly limit: number
    readonly isInUse: (revision: ControllerRevision) => boolean
    readonly client: Client
  },
): Promise<void> {
  const unused = all.filter(revision => revision !== current && !options.isInUse(revision))
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - options.limit))) {
    const { namespace, name = '' } = metadata
    await options.client.delete(controllerRevisions, { namespace, name }).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }
}
