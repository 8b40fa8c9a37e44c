// Keeps the EndpointSlices of every Service with a selector, one set per address family: kube-controller-
// manager's endpointslice-controller (KEP-752).
import type {
  DiscoveryV1EndpointPort,
  Endpoint,
  EndpointHints,
  EndpointSlice,
  Node,
  Pod,
  Service,
} from '../api/generated/types.ts'
import { isNotFound } from '../api/status.ts'
import { familyOf, type IPFamily, isFamily } from '../ip/family.ts'
import type { Cache } from './cache.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import {
  managedByLabel,
  type PortGroup,
  planSlices,
  portsKey,
  type SlicePlan,
  serviceNameLabel,
  sliceManager,
} from './endpointsliceplan.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { podsOnNode } from './nodelifecycle.ts'
import { isPodReady } from './podstate.ts'
import { endpointSlices, nodes, pods, services } from './resources.ts'
import * as members from './serviceendpoints.ts'

/** A Service with many endpoints is looked at less often than they change. */
const largeService = 200

const zoneLabel = 'topology.kubernetes.io/zone'

function portsOf(service: Service, pod: Pod): DiscoveryV1EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap(servicePort => {
    const port = members.findPort(pod, servicePort)
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    return port === undefined ? [] : [{ name, port, protocol, ...(appProtocol ? { appProtocol } : {}) }]
  })
}

/**
 * For whom an endpoint is meant by the Service's trafficDistribution: those of its own zone, or of its own
 * node before them (KEP-4444, KEP-3015). Only ready endpoints have hints.
 */
export function hintsFor(
  { spec }: Service,
  { ready, zone, nodeName }: { ready: boolean; zone: string | undefined; nodeName: string | undefined },
): EndpointHints | undefined {
  const distribution = spec?.trafficDistribution ?? ''
  const isSameNode = distribution === 'PreferSameNode'
  if (!ready || !(isSameNode || ['PreferClose', 'PreferSameZone'].includes(distribution))) return undefined
  const hints: EndpointHints = {
    ...(zone ? { forZones: [{ name: zone }] } : {}),
    ...(isSameNode && nodeName ? { forNodes: [{ name: nodeName }] } : {}),
  }
  return Object.keys(hints).length > 0 ? hints : undefined
}

/** What a Pod is to a Service in one family; undefined without an address of that family. */
export function endpointOf(
  service: Service,
  pod: Pod,
  options: { readonly family: IPFamily; readonly zone: string | undefined },
): Endpoint | undefined {
  const addresses = (pod.status?.podIPs ?? [])
    .map(({ ip }) => ip ?? '')
    .filter(ip => familyOf(ip) === options.family)
  if (addresses.length === 0) return undefined
  const serving = isPodReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const { namespace, name, uid } = pod.metadata
  const hostname = members.hostnameIn(pod, service)
  const nodeName = pod.spec?.nodeName
  const hints = hintsFor(service, { ready, zone: options.zone, nodeName })
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(options.zone ? { zone: options.zone } : {}),
    ...(hints ? { hints } : {}),
  }
}

interface Wanted {
  readonly groups: readonly PortGroup[]
  /** Some Pods are on nodes that are not known (yet). */
  readonly isIncomplete: boolean
}

function wantedEndpoints(
  service: Service,
  family: IPFamily,
  context: { cache: Cache; pods: readonly Pod[] },
): Wanted {
  const groups = new Map<string, { ports: DiscoveryV1EndpointPort[]; endpoints: Endpoint[] }>()
  let isIncomplete = false
  for (const pod of context.pods) {
    if (!members.belongs(pod, { includeTerminating: true })) continue
    const node = context.cache.get(nodes, { name: pod.spec?.nodeName ?? '' })
    if (!node && !service.spec?.publishNotReadyAddresses) {
      isIncomplete = true
      continue
    }
    const endpoint = endpointOf(service, pod, { family, zone: node?.metadata.labels?.[zoneLabel] })
    if (!endpoint) continue
    const ports = portsOf(service, pod)
    const key = portsKey(ports)
    const group = groups.get(key)
    if (group) group.endpoints.push(endpoint)
    else groups.set(key, { ports, endpoints: [endpoint] })
  }
  return { groups: [...groups.values()], isIncomplete }
}

const slicesIndex = ({ metadata }: EndpointSlice): readonly string[] =>
  metadata.labels?.[managedByLabel] === sliceManager
    ? [`${metadata.namespace}/${metadata.labels[serviceNameLabel] ?? ''}`]
    : []

function slicesOf(key: string, cache: Cache): EndpointSlice[] {
  const informer = cache.informer(endpointSlices)
  informer.addIndex('service', slicesIndex)
  return informer.byIndex('service', key)
}

async function reconcile(
  service: Service,
  context: ReconcileContext,
  times: members.TriggerTimes,
): Promise<void> {
  const { cache, key } = context
  if (!members.hasSelector(service) || service.spec?.type === 'ExternalName') return
  const existing = slicesOf(key, cache).filter(slice => !slice.metadata.deletionTimestamp)
  const families = (service.spec?.ipFamilies ?? []).filter(isFamily)
  const chosen = members.podsOf(service, cache)
  const triggerTime = times.next(key, service, chosen)
  let retry = false
  for (const family of families) {
    const wanted = wantedEndpoints(service, family, { cache, pods: chosen })
    retry ||= wanted.isIncomplete
    const ofFamily = existing.filter(slice => slice.addressType === family)
    const plan = planSlices(service, { family, groups: wanted.groups, existing: ofFamily })
    await carryOut(plan, service, { context, triggerTime })
  }
  const others = existing.filter(slice => !families.some(family => family === slice.addressType))
  await carryOut({ create: [], update: [], remove: others }, service, { context, triggerTime })
  if (retry) context.enqueueAfter(1000)
}

async function carryOut(
  plan: SlicePlan,
  service: Service,
  { context, triggerTime }: { readonly context: ReconcileContext; readonly triggerTime: string | undefined },
): Promise<void> {
  const { client } = context
  const stamped = (slice: EndpointSlice): EndpointSlice => {
    const { [members.triggerTimeAnnotation]: _, ...rest } = slice.metadata.annotations ?? {}
    const annotations = triggerTime ? { ...rest, [members.triggerTimeAnnotation]: triggerTime } : rest
    return { ...slice, metadata: { ...slice.metadata, annotations } }
  }
  const create = service.metadata.deletionTimestamp ? [] : plan.create
  try {
    await Promise.all(create.map(slice => client.create(endpointSlices, stamped(slice))))
  } catch (error) {
    if (isNamespaceTerminating(error)) return
    throw error
  }
  await Promise.all(plan.update.map(slice => client.update(endpointSlices, stamped(slice))))
  for (const { metadata } of plan.remove) {
    const { namespace, name = '', uid } = metadata
    try {
      await client.delete(endpointSlices, { namespace, name }, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

/** Pods may be known before their node is. */
const servicesOnNode = (node: Node, cache: Cache): string[] =>
  podsOnNode(node.metadata.name ?? '', { cache }).flatMap(pod => members.servicesOf(pod, cache))
const zoneChanged = (node: Node, previous: Node) =>
  node.metadata.labels?.[zoneLabel] !== previous.metadata.labels?.[zoneLabel]

const serviceOfSlice = (slice: EndpointSlice): string[] => [...slicesIndex(slice)]

export function endpointSliceController() {
  const times = new members.TriggerTimes()
  const lookedAt = new Map<string, number>()
  return defineController({
    name: 'endpoint-slice-controller',
    for: services,
    watches: [
      onChange(pods, members.servicesOf, members.endpointMatters),
      onChange(endpointSlices, serviceOfSlice),
      onChange(nodes, servicesOnNode, zoneChanged),
    ],
    workers: 5,
    async reconcile(service, context) {
      const size = slicesOf(context.key, context.cache).reduce(
        (sum, { endpoints }) => sum + (endpoints?.length ?? 0),
        0,
      )
      if (size >= largeService) {
        const waitMs = Math.min(size / 10, 1000)
        const elapsedMs = context.clock.monotonic() - (lookedAt.get(context.key) ?? -waitMs)
        if (elapsedMs < waitMs) return context.enqueueAfter(waitMs - elapsedMs)
        lookedAt.set(context.key, context.clock.monotonic())
      }
      await reconcile(service, context, times)
    },
    deleted(key) {
      times.forget(key)
      lookedAt.delete(key)
    },
  })
}
