// Removes what an earlier run left behind: one whose process has ended (seen on the same machine) or that has
// not given a sign of life for long. What a run that still goes on has made is left alone, and so is
// everything without verify's label.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { configMaps } from '../api/resources/core/configmap.ts'
import { endpoints } from '../api/resources/core/endpoints.ts'
import { namespaces } from '../api/resources/core/namespace.ts'
import { pods } from '../api/resources/core/pod.ts'
import { services } from '../api/resources/core/service.ts'
import { endpointSlices } from '../api/resources/discovery.k8s.io/endpointslice.ts'
import { networkPolicies } from '../api/resources/networking.k8s.io/networkpolicy.ts'
import { isForbidden, isNotFound, StatusError } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { waitForObject } from '../client/waitfor.ts'
import type { Clock } from '../component/clock.ts'
import type { Owner } from './owner.ts'
import { heartbeatAnnotation, managedBy, manager, ownerAnnotation, runLabel } from './scratch.ts'

/** Far longer than between two signs of life, and than two machines' clocks differ. */
const abandonedMs = 180_000
const removalMs = 60_000

export interface SweepOptions {
  readonly client: Client
  readonly clock: Clock
  readonly owner: Owner
  /** Look in this namespace only, for objects of runs that were given it. */
  readonly namespace: string | undefined
}

/** What a run can have made in a namespace that was given to it. */
const kinds: readonly Resource[] = [
  pods as Resource,
  services as Resource,
  networkPolicies as Resource,
  endpointSlices as Resource,
  endpoints as Resource,
]

export function isAbandoned(anchor: KubeObject, owner: Owner, nowMs: number): boolean {
  const { annotations = {}, creationTimestamp, deletionTimestamp } = anchor.metadata
  if (deletionTimestamp) return true
  const ended = owner.hasEnded(annotations[ownerAnnotation] ?? '')
  if (ended === true) return true
  const lastSign = Date.parse(annotations[heartbeatAnnotation] ?? String(creationTimestamp))
  return nowMs - lastSign > abandonedMs
}

const selector = `${managedBy}=${manager}`

/** Begins the removal; resolves with the names of what goes, and `gone` when it is gone. */
export async function sweep(options: SweepOptions): Promise<{ names: string[]; gone: Promise<void> }> {
  const resource: Resource = options.namespace === undefined ? namespaces : configMaps
  const abandoned = await abandonedAnchors(options, resource)
  for (const anchor of abandoned) {
    if (options.namespace !== undefined) await removeObjects(options, anchor, options.namespace)
    await ignoreGone(
      options.client.delete(resource, { name: anchor.metadata.name ?? '', namespace: options.namespace }),
    )
  }
  const gone = Promise.all(abandoned.map(anchor => waitUntilGone(options, resource, anchor)))
  return { names: abandoned.map(({ metadata }) => metadata.name ?? ''), gone: gone.then(() => undefined) }
}

async function abandonedAnchors(options: SweepOptions, resource: Resource): Promise<KubeObject[]> {
  const { client, clock, owner, namespace } = options
  try {
    const { items } = await client.list(resource, { namespace, labelSelector: selector })
    return items.filter(anchor => isAbandoned(anchor, owner, clock.now()))
  } catch (error) {
    if (isForbidden(error)) return []
    throw error
  }
}

async function removeObjects({ client }: SweepOptions, anchor: KubeObject, namespace: string) {
  const labelSelector = `${selector},${runLabel}=${anchor.metadata.labels?.[runLabel] ?? ''}`
  for (const resource of kinds) {
    const list = await client.list(resource, { namespace, labelSelector }).catch(error => {
      if (error instanceof StatusError) return { items: [] }
      throw error
    })
    for (const { metadata } of list.items) {
      await ignoreGone(client.delete(resource, { namespace, name: metadata.name ?? '' }))
    }
  }
}

async function ignoreGone(work: Promise<unknown>): Promise<void> {
  await work.catch(error => {
    if (!isNotFound(error) && !(error instanceof StatusError && error.code === 409)) throw error
  })
}

async function waitUntilGone(
  { client, clock, namespace }: SweepOptions,
  resource: Resource,
  anchor: KubeObject,
) {
  await waitForObject({
    client,
    clock,
    resource,
    namespace,
    name: anchor.metadata.name ?? '',
    until: object => object === undefined,
    timeoutMs: removalMs,
  })
}
