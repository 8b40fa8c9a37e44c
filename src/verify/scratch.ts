// The implementation of the Workspace. Every object carries the label of its run; the run itself is marked by
// an anchor (the scratch namespace, or a ConfigMap in a namespace that was given) that says who makes it and
// when it was last alive.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { namespaces } from '../api/resources/core/namespace.ts'
import { pods } from '../api/resources/core/pod.ts'
import { isAlreadyExists, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { waitForObject } from '../client/waitfor.ts'
import type { Clock, Timer } from '../component/clock.ts'
import type { Owner } from './owner.ts'
import type { VerifySettings } from './settings.ts'
import type { WaitOptions, Workspace } from './workspace.ts'

export const managedBy = 'app.kubernetes.io/managed-by'
export const manager = 'futago-verify'
export const runLabel = 'verify.futago.dev/run'
export const ownerAnnotation = 'verify.futago.dev/owner'
export const heartbeatAnnotation = 'verify.futago.dev/heartbeat'

const heartbeatMs = 15_000
/**
 * Probe Pods hold nothing: without a grace period the API forgets them at once, the kubelet stops them within
 * a second or two, and the namespace controller finds the namespace empty at its first look.
 */
const gracePeriodSeconds = 0
const removalMs = 90_000

export interface ScratchOptions {
  readonly client: Client
  readonly clock: Clock
  readonly owner: Owner
  readonly settings: Pick<VerifySettings, 'namespace' | 'namespacePrefix'>
  /** Names the run: five letters and digits. */
  readonly run: string
}

interface Made {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
}

/** The runner's side of the Workspace: views for checks, and the end. */
export class Scratch {
  readonly #options: ScratchOptions
  readonly #made = new Map<string, Made>()
  readonly #pending = new Set<Promise<unknown>>()
  readonly #anchors = new Map<string, { readonly resource: Resource; readonly namespace?: string }>()
  #namespace: Promise<string> | undefined
  #hostNamespace: Promise<string> | undefined
  #heartbeat: Timer | undefined
  #isClosed = false

  constructor(options: ScratchOptions) {
    this.#options = options
  }

  /** The scratch namespaces that were made so far. */
  get namespaces(): readonly string[] {
    return [...this.#anchors.keys()]
  }

  /** What one check gets: its id names its objects. */
  view(checkID: string): Workspace {
    return {
      namespace: () => this.namespace(),
      hostNamespace: () => this.hostNamespace(),
      create: (resource, object) => this.create(resource, object, checkID),
      remove: (resource, name, namespace) => this.remove(resource, name, namespace),
      waitFor: (resource, name, options) => this.waitFor(resource, name, options),
    }
  }

  namespace(): Promise<string> {
    this.#namespace ??= this.#track(this.#open('', 'restricted'))
    return this.#namespace
  }

  hostNamespace(): Promise<string> {
    const { namespace } = this.#options.settings
    if (namespace !== undefined) return this.namespace()
    this.#hostNamespace ??= this.#track(this.#open('-host', 'privileged'))
    return this.#hostNamespace
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T, checkID: string): Promise<T> {
    const namespace = object.metadata.namespace ?? (await this.namespace())
    this.#refuseWhenClosed()
    const { name, labels } = object.metadata
    const named = name ? {} : { generateName: `${checkID.toLowerCase()}-` }
    const metadata = {
      ...object.metadata,
      ...named,
      namespace,
      labels: { ...labels, ...this.#labels() },
    }
    const made = await this.#track(this.#options.client.create(resource, { ...object, metadata }))
    const known = { resource: resource as Resource, namespace, name: made.metadata.name ?? '' }
    this.#made.set(keyOf(known), known)
    return made
  }

  async remove<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<void> {
    const target = {
      resource: resource as Resource,
      namespace: namespace ?? (await this.namespace()),
      name,
    }
    await this.#delete(target)
    this.#made.delete(keyOf(target))
  }

  async waitFor<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    options: WaitOptions<T> & { readonly namespace?: string },
  ): Promise<T> {
    const { client, clock } = this.#options
    const namespace = options.namespace ?? (await this.namespace())
    const found = await waitForObject({
      client,
      clock,
      resource,
      namespace,
      name,
      until: object => object !== undefined && options.until(object),
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    })
    return found!
  }

  /** Removes all that was made and waits until it is gone; nothing can be created any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#heartbeat?.cancel()
    await Promise.allSettled(this.#pending)
    const made = [...this.#made.values()]
    const isPod = ({ resource }: Made) => resource.resource === pods.resource
    await Promise.all(made.filter(isPod).map(target => this.#delete(target)))
    if (this.#options.settings.namespace !== undefined) {
      await Promise.all(made.filter(target => !isPod(target)).map(target => this.#delete(target)))
      await Promise.all(made.filter(isPod).map(target => this.#waitUntilGone(target)))
    }
    await Promise.all([...this.#anchors].map(([name, anchor]) => this.#removeAnchor(name, anchor)))
  }

  async #removeAnchor(name: string, { resource, namespace }: { resource: Resource; namespace?: string }) {
    const target = { resource, namespace: namespace ?? '', name }
    await this.#delete(target)
    await this.#waitUntilGone(target)
    this.#anchors.delete(name)
  }

  async #open(suffix: string, level: 'restricted' | 'privileged'): Promise<string> {
    this.#refuseWhenClosed()
    const { client, settings, run } = this.#options
    const name = `${settings.namespacePrefix}-${run}${suffix}`
    const metadata = { name, labels: this.#labels(), annotations: this.#signOfLife() }
    const given = settings.namespace
    if (given !== undefined) {
      this.#anchors.set(name, { resource: configMaps as Resource, namespace: given })
      const anchor = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, namespace: given } }
      await client.create(configMaps, anchor)
    } else {
      this.#anchors.set(name, { resource: namespaces as Resource })
      const labels = { ...metadata.labels, 'pod-security.kubernetes.io/enforce': level }
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { ...metadata, labels } }
      await client.create(namespaces, object)
    }
    this.#heartbeat ??= this.#beatLater()
    return given ?? name
  }

  #beatLater(): Timer {
    return this.#options.clock.after(heartbeatMs, () => {
      if (this.#isClosed) return
      const annotations = this.#signOfLife()
      for (const [name, { resource, namespace }] of this.#anchors) {
        const patched = this.#options.client.patch(
          resource,
          { name, namespace },
          { metadata: { annotations } },
        )
        patched.catch(() => undefined)
      }
      this.#heartbeat = this.#beatLater()
    })
  }

  #signOfLife(): Record<string, string> {
    return {
      [ownerAnnotation]: this.#options.owner.id,
      [heartbeatAnnotation]: new Date(this.#options.clock.now()).toISOString(),
    }
  }

  #labels(): Record<string, string> {
    return { [managedBy]: manager, [runLabel]: this.#options.run }
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new Error('the run is over')
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work)
    const done = () => this.#pending.delete(work)
    work.then(done, done)
    return work
  }

  async #delete({ resource, namespace, name }: Made): Promise<void> {
    const isPod = resource.resource === pods.resource
    const options = isPod ? { gracePeriodSeconds } : { propagationPolicy: 'Background' as const }
    try {
      await this.#options.client.delete(resource, { namespace, name }, options)
    } catch (error) {
      if (!isNotFound(error) && !isAlreadyExists(error)) throw error
    }
  }

  async #waitUntilGone({ resource, namespace, name }: Made): Promise<void> {
    await waitForObject({
      client: this.#options.client,
      clock: this.#options.clock,
      resource,
      namespace,
      name,
      until: object => object === undefined,
      timeoutMs: removalMs,
    })
  }
}

const keyOf = ({ resource, namespace, name }: Made) => `${resource.resource}/${namespace}/${name}`
