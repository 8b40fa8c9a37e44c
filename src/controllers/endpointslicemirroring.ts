// Copies Endpoints that somebody wrote by hand, for a Service without a selector, into EndpointSlices,
// which is where kube-proxy looks: kube-controller-manager's endpointslicemirroring-controller (KEP-0752).
import type { Endpoint, EndpointAddress, EndpointSlice, Endpoints, Service } from '../api/generated/types.ts'
import { controllerReference } from '../api/meta/owners.ts'
import { isNotFound } from '../api/status.ts'
import { familyOf, type IPFamily } from '../ip/family.ts'
import type { Cache } from './cache.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import { managedByLabel, maxEndpointsPerSlice, portsKey, serviceNameLabel } from './endpointsliceplan.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { endpointSlices, endpoints, services } from './resources.ts'
import { sameValue } from './samevalue.ts'
import { hasSelector, triggerTimeAnnotation } from './serviceendpoints.ts'

const manager = 'endpointslicemirroring-controller.k8s.io'
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'
/** Of one subset, no more addresses are copied. */
const maxPerSubset = 1000

export function isMirrored(object: Endpoints, service: Service | undefined): boolean {
  const { labels, annotations } = object.metadata
  if (labels?.[skipLabel] === 'true' || annotations?.[leaderAnnotation] !== undefined) return false
  return service !== undefined && !hasSelector(service)
}

function endpointFor(address: EndpointAddress, ready: boolean): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  }
}

/** The slices that say what the Endpoints say: a family never shares one with the other. */
export function planMirror(object: Endpoints): EndpointSlice[] {
  const { name = '', namespace, labels, annotations } = object.metadata
  const { [triggerTimeAnnotation]: trigger, [lastApplied]: _, ...others } = annotations ?? {}
  const slice = (family: IPFamily, list: Endpoint[], ports: EndpointSlice['ports']): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: manager },
      annotations: { ...others, ...(trigger ? { [triggerTimeAnnotation]: trigger } : {}) },
      ownerReferences: [controllerReference(endpoints, object)],
    },
    addressType: family,
    endpoints: list,
    ports,
  })
  return (object.subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const all = [
      ...addresses.map(address => endpointFor(address, true)),
      ...notReadyAddresses.map(address => endpointFor(address, false)),
    ].slice(0, maxPerSubset)
    const byFamily = new Map<IPFamily, Endpoint[]>()
    for (const endpoint of all) {
      const family = familyOf(endpoint.addresses[0] ?? '')
      if (family) byFamily.set(family, [...(byFamily.get(family) ?? []), endpoint])
    }
    const named = ports.map(port => ({ ...port, name: port.name ?? '' }))
    return [...byFamily].flatMap(([family, list]) => {
      const chunks = Math.ceil(list.length / maxEndpointsPerSlice)
      return Array.from({ length: chunks }, (_, i) =>
        slice(family, list.slice(i * maxEndpointsPerSlice, (i + 1) * maxEndpointsPerSlice), named),
      )
    })
  })
}

const mirroredIndex = ({ metadata }: EndpointSlice): readonly string[] =>
  metadata.labels?.[managedByLabel] === manager
    ? [`${metadata.namespace}/${metadata.labels[serviceNameLabel] ?? ''}`]
    : []

function mirrorsOf(key: string, cache: Cache): EndpointSlice[] {
  const informer = cache.informer(endpointSlices)
  informer.addIndex('mirrored', mirroredIndex)
  return informer.byIndex('mirrored', key)
}

const isSame = (a: EndpointSlice, b: EndpointSlice) =>
  sameValue(a.endpoints ?? [], b.endpoints ?? []) &&
  sameValue(a.metadata.labels, b.metadata.labels) &&
  sameValue(a.metadata.annotations ?? {}, b.metadata.annotations ?? {})

async function sync(
  wanted: readonly EndpointSlice[],
  { client, cache, key }: ReconcileContext,
): Promise<void> {
  const left = mirrorsOf(key, cache).filter(slice => !slice.metadata.deletionTimestamp)
  for (const slice of wanted) {
    const fits = (other: EndpointSlice) =>
      other.addressType === slice.addressType &&
      portsKey(other.ports) === portsKey(slice.ports) &&
      other.metadata.ownerReferences?.[0]?.uid === slice.metadata.ownerReferences?.[0]?.uid
    const found = left.find(other => fits(other) && isSame(other, slice)) ?? left.find(fits)
    if (found) left.splice(left.indexOf(found), 1)
    if (!found) {
      await client.create(endpointSlices, slice).catch(error => {
        if (!isNamespaceTerminating(error)) throw error
      })
    } else if (!isSame(found, slice)) {
      const { labels, annotations } = slice.metadata
      await client.update(endpointSlices, { ...slice, metadata: { ...found.metadata, labels, annotations } })
    }
  }
  for (const { metadata } of left) {
    const { namespace, name = '' } = metadata
    await client.delete(endpointSlices, { namespace, name }).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }
}

export const endpointSliceMirroringController = defineController<Endpoints>({
  name: 'endpoint-slice-mirroring-controller',
  for: endpoints,
  watches: [
    onChange(services, ({ metadata }) => [`${metadata.namespace}/${metadata.name}`]),
    onChange(endpointSlices, slice => [...mirroredIndex(slice)]),
  ],
  async reconcile(object, context) {
    const { namespace, name = '' } = object.metadata
    const service = context.cache.get(services, { namespace, name })
    await sync(isMirrored(object, service) ? planMirror(object) : [], context)
  },
  deleted: (_, context) => sync([], context),
})
