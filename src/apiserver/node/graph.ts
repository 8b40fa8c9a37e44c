// Which objects concern which node: what its Pods refer to, and what those refer to in turn (upstream's
// plugin/pkg/auth/authorizer/node/graph.go). Kept up to date by watches that begin with the first question,
// so that a server whom no node asks has nothing to keep.
import type { PersistentVolume, Pod, ResourceSlice, VolumeAttachment } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import type { RegistryLookup, RequestContext, StoredObject } from '../registry/registry.ts'
import { type ReferredKind, referencesOf } from './podreferences.ts'

export type GraphKind = ReferredKind | 'pods' | 'persistentvolumes' | 'volumeattachments' | 'resourceslices'

export interface GraphObject {
  readonly kind: GraphKind
  readonly namespace: string
  readonly name: string
}

const keyOf = ({ kind, namespace, name }: GraphObject) => `${kind}/${namespace}/${name}`

interface PodEntry {
  readonly uid: string
  readonly node: string
  readonly references: readonly string[]
  /** What it refers to can still change. */
  readonly isOpen: boolean
}

interface VolumeEntry {
  readonly claim: string | undefined
  readonly secrets: readonly string[]
}

/** How often each node is meant. */
type Counts = Map<string, number>

export class NodeGraph {
  #pods = new Map<string, PodEntry>()
  /** Object -> nodes. */
  #nodes = new Map<string, Counts>()
  #volumes = new Map<string, VolumeEntry>()
  /** Secret -> PersistentVolumes that need it. */
  #volumesOf = new Map<string, Set<string>>()
  #attachments = new Map<string, string>()
  #slices = new Map<string, string>()

  /** Whether the object concerns the node. */
  concerns(object: GraphObject, node: string): boolean {
    const { kind, name } = object
    if (kind === 'pods') return this.#pods.get(keyOf(object))?.node === node
    if (kind === 'volumeattachments') return this.#attachments.get(name) === node
    if (kind === 'resourceslices') return this.#slices.get(name) === node
    if (kind === 'persistentvolumes') return this.#holds(name, node)
    const key = keyOf(object)
    if (this.#nodes.get(key)?.has(node)) return true
    return [...(this.#volumesOf.get(key) ?? [])].some(volume => this.#holds(volume, node))
  }

  /** Whether a Pod of the node claims the PersistentVolume. */
  #holds(volume: string, node: string): boolean {
    const { claim } = this.#volumes.get(volume) ?? {}
    return claim !== undefined && (this.#nodes.get(claim)?.has(node) ?? false)
  }

  /** Whether a changed Pod must be looked at again: most of what a Pod refers to never changes. */
  isPodKnown({ namespace, name, uid }: Pick<StoredObject, 'namespace' | 'name' | 'uid'>): boolean {
    const entry = this.#pods.get(keyOf({ kind: 'pods', namespace, name }))
    return entry?.uid === uid && !entry.isOpen
  }

  setPod(pod: Pod): void {
    const { namespace = '', name = '', uid = '' } = pod.metadata
    const node = pod.spec?.nodeName ?? ''
    this.removePod(namespace, name)
    if (node === '') return
    const references = referencesOf(pod).map(reference => keyOf({ ...reference, namespace }))
    const isOpen = (pod.spec?.resourceClaims?.length ?? 0) > 0
    this.#pods.set(keyOf({ kind: 'pods', namespace, name }), { uid, node, references, isOpen })
    for (const reference of references) {
      const counts = this.#nodes.get(reference) ?? new Map<string, number>()
      this.#nodes.set(reference, counts)
      counts.set(node, (counts.get(node) ?? 0) + 1)
    }
  }

  removePod(namespace: string, name: string): void {
    const key = keyOf({ kind: 'pods', namespace, name })
    const entry = this.#pods.get(key)
    if (!entry) return
    this.#pods.delete(key)
    for (const reference of entry.references) {
      const counts = this.#nodes.get(reference)
      const left = (counts?.get(entry.node) ?? 0) - 1
      if (left > 0) counts?.set(entry.node, left)
      else counts?.delete(entry.node)
      if (counts?.size === 0) this.#nodes.delete(reference)
    }
  }

  setVolume({ metadata, spec }: PersistentVolume): void {
    const { name = '' } = metadata
    this.removeVolume(name)
    const { claimRef } = spec ?? {}
    if (!claimRef?.name) return
    const { namespace = '' } = claimRef
    const secrets = secretsOfVolume(spec ?? {}, namespace)
    const claim = keyOf({ kind: 'persistentvolumeclaims', namespace, name: claimRef.name })
    this.#volumes.set(name, { claim, secrets })
    for (const secret of secrets) {
      const volumes = this.#volumesOf.get(secret) ?? new Set<string>()
      this.#volumesOf.set(secret, volumes.add(name))
    }
  }

  removeVolume(name: string): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) {
      const volumes = this.#volumesOf.get(secret)
      volumes?.delete(name)
      if (volumes?.size === 0) this.#volumesOf.delete(secret)
    }
    this.#volumes.delete(name)
  }

  setAttachment({ metadata, spec }: VolumeAttachment): void {
    this.#attachments.set(metadata.name ?? '', spec.nodeName)
  }

  removeAttachment(name: string): void {
    this.#attachments.delete(name)
  }

  setSlice({ metadata, spec }: ResourceSlice): void {
    if (spec.nodeName) this.#slices.set(metadata.name ?? '', spec.nodeName)
    else this.#slices.delete(metadata.name ?? '')
  }

  removeSlice(name: string): void {
    this.#slices.delete(name)
  }

  /** Forgets all objects of one kind: they are about to be told again. */
  forget(kind: SourceKind): void {
    if (kind === 'pods') {
      this.#pods = new Map()
      this.#nodes = new Map()
    } else if (kind === 'persistentvolumes') {
      this.#volumes = new Map()
      this.#volumesOf = new Map()
    } else if (kind === 'volumeattachments') this.#attachments = new Map()
    else this.#slices = new Map()
  }
}

type VolumeSource = NonNullable<PersistentVolume['spec']>

function secretsOfVolume(source: VolumeSource, claimNamespace: string): string[] {
  const { azureFile, cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO, storageos } = source
  const references = [
    azureFile && { name: azureFile.secretName, namespace: azureFile.secretNamespace },
    cephfs?.secretRef,
    cinder?.secretRef,
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
    csi?.controllerPublishSecretRef,
    flexVolume?.secretRef,
    iscsi?.secretRef,
    rbd?.secretRef,
    scaleIO?.secretRef,
    storageos?.secretRef,
  ]
  return references.flatMap(reference =>
    reference?.name
      ? [keyOf({ kind: 'secrets', namespace: reference.namespace ?? claimNamespace, name: reference.name })]
      : [],
  )
}

export type SourceKind = 'pods' | 'persistentvolumes' | 'volumeattachments' | 'resourceslices'

interface Source {
  readonly group: string
  readonly kind: SourceKind
  set(graph: NodeGraph, object: KubeObject): void
  remove(graph: NodeGraph, stored: StoredObject): void
}

const sources: readonly Source[] = [
  {
    group: '',
    kind: 'pods',
    set: (graph, object) => graph.setPod(object as Pod),
    remove: (graph, { namespace, name }) => graph.removePod(namespace, name),
  },
  {
    group: '',
    kind: 'persistentvolumes',
    set: (graph, object) => graph.setVolume(object as PersistentVolume),
    remove: (graph, { name }) => graph.removeVolume(name),
  },
  {
    group: 'storage.k8s.io',
    kind: 'volumeattachments',
    set: (graph, object) => graph.setAttachment(object as VolumeAttachment),
    remove: (graph, { name }) => graph.removeAttachment(name),
  },
  {
    group: 'resource.k8s.io',
    kind: 'resourceslices',
    set: (graph, object) => graph.setSlice(object as ResourceSlice),
    remove: (graph, { name }) => graph.removeSlice(name),
  },
]

const context: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  warn: () => undefined,
}

/** A graph of what the registries hold. */
export class WatchedNodeGraph {
  readonly #graph = new NodeGraph()
  readonly #lookup: RegistryLookup
  readonly #opened = new Map<SourceKind, Promise<void>>()

  constructor(lookup: RegistryLookup) {
    this.#lookup = lookup
  }

  async concerns(object: GraphObject, node: string): Promise<boolean> {
    await this.#openAll()
    return this.#graph.concerns(object, node) || this.#concernsByNow(object, node)
  }

  /** Another server may have written what the watches here are yet to hear of. */
  async #concernsByNow(object: GraphObject, node: string): Promise<boolean> {
    await Promise.all(
      sources.map(({ group, kind }) => this.#lookup(group, 'v1', kind)?.list(context, { limit: 1 })),
    )
    await this.#openAll()
    return this.#graph.concerns(object, node)
  }

  async #openAll(): Promise<void> {
    await Promise.all(sources.map(source => this.#open(source)))
  }

  /** A watch that ended, be it by its age, begins anew with the next question. */
  #open(source: Source): Promise<void> {
    const known = this.#opened.get(source.kind)
    if (known) return known
    const opening = this.#watch(source)
    this.#opened.set(source.kind, opening)
    opening.catch(() => this.#opened.delete(source.kind))
    return opening
  }

  async #watch({ group, kind, set, remove }: Source): Promise<void> {
    const registry = this.#lookup(group, 'v1', kind)
    if (!registry) return
    this.#graph.forget(kind)
    await new Promise<void>((resolve, reject) => {
      const watching = registry.watch(context, {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
        onEvents: events => {
          for (const event of events) {
            if (event.type === 'BOOKMARK') resolve()
            else if (event.type === 'DELETED') remove(this.#graph, event.stored)
            else if (kind !== 'pods' || !this.#graph.isPodKnown(event.stored)) {
              set(this.#graph, event.stored.object)
            }
          }
        },
        onEnd: error => {
          this.#opened.delete(kind)
          reject(error ?? new Error('the watch ended'))
        },
      })
      watching.catch(reject)
    })
  }
}
