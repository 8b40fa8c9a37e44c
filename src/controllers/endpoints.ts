// Keeps the v1 Endpoints of every Service with a selector, in the Service's primary family, for clients
// that do not know EndpointSlices: kube-controller-manager's endpoint-controller.
import type {
  CoreV1EndpointPort,
  EndpointAddress,
  EndpointSubset,
  Endpoints,
  Pod,
  Service,
} from '../api/generated/types.ts'
import { isNotFound } from '../api/status.ts'
import { familyOf } from '../ip/family.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { messageOf } from './podcontrol.ts'
import { isPodReady } from './podstate.ts'
import { endpoints, pods, services } from './resources.ts'
import { sameValue } from './samevalue.ts'
import * as members from './serviceendpoints.ts'

const maxAddresses = 1000
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'
const managedByLabel = 'endpoints.kubernetes.io/managed-by'

interface Member {
  readonly address: EndpointAddress
  readonly ready: boolean
  readonly ports: readonly CoreV1EndpointPort[]
}

function memberOf(service: Service, pod: Pod): Member | undefined {
  const family = service.spec?.ipFamilies?.[0]
  const ip = pod.status?.podIPs?.map(({ ip = '' }) => ip).find(ip => !family || familyOf(ip) === family)
  if (!ip) return undefined
  const { namespace, name, uid } = pod.metadata
  const hostname = members.hostnameIn(pod, service)
  const ports = (service.spec?.ports ?? []).flatMap(servicePort => {
    const port = members.findPort(pod, servicePort)
    const { name, protocol = 'TCP', appProtocol } = servicePort
    if (port === undefined) return []
    return [{ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) }]
  })
  return {
    address: {
      ip,
      ...(hostname ? { hostname } : {}),
      ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
      targetRef: { kind: 'Pod', namespace, name, uid },
    },
    ready: service.spec?.publishNotReadyAddresses === true || isPodReady(pod),
    ports,
  }
}

const byAddress = (a: EndpointAddress, b: EndpointAddress) =>
  a.ip === b.ip ? ((a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1) : a.ip < b.ip ? -1 : 1
const portText = ({ name = '', port, protocol }: CoreV1EndpointPort) => `${name} ${port} ${protocol}`

/** The Service's members: those that share all port numbers form a subset, in a stable order. */
export function planSubsets(service: Service, chosen: readonly Pod[]): EndpointSubset[] {
  const includeTerminating = service.spec?.publishNotReadyAddresses === true
  const groups = new Map<string, { ports: readonly CoreV1EndpointPort[]; members: Member[] }>()
  for (const pod of chosen) {
    const member = members.belongs(pod, { includeTerminating }) ? memberOf(service, pod) : undefined
    const isPortless = member?.ports.length === 0
    if (!member || (isPortless && !(members.isHeadless(service) && !service.spec?.ports?.length))) continue
    const key = member.ports.map(portText).sort().join('\n')
    const group = groups.get(key)
    if (group) group.members.push(member)
    else groups.set(key, { ports: member.ports, members: [member] })
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, members }]) => {
      const addresses = members
        .filter(({ ready }) => ready)
        .map(({ address }) => address)
        .sort(byAddress)
      const notReady = members
        .filter(({ ready }) => !ready)
        .map(({ address }) => address)
        .sort(byAddress)
      return {
        ...(addresses.length > 0 ? { addresses } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(ports.length > 0 ? { ports: [...ports] } : {}),
      }
    })
}

/** At most 1,000 addresses, ready ones first, each subset losing in proportion. */
export function truncate(subsets: readonly EndpointSubset[]): {
  subsets: EndpointSubset[]
  isTruncated: boolean
} {
  const count = (field: 'addresses' | 'notReadyAddresses') =>
    subsets.reduce((sum, subset) => sum + (subset[field]?.length ?? 0), 0)
  const ready = count('addresses')
  if (ready + count('notReadyAddresses') <= maxAddresses) return { subsets: [...subsets], isTruncated: false }
  const field = ready < maxAddresses ? 'notReadyAddresses' : 'addresses'
  const total = count(field)
  let room = field === 'addresses' ? maxAddresses : maxAddresses - ready
  const allowed = room
  const cut = subsets.map(subset => {
    const list = subset[field] ?? []
    const share = Math.min(room, Math.ceil((list.length * allowed) / total))
    room -= share
    const { notReadyAddresses: _, ...rest } = subset
    return { ...(field === 'addresses' ? rest : subset), [field]: list.slice(0, share) }
  })
  const filled = cut.map(subset => withoutEmpty(subset)).filter(subset => subset !== undefined)
  return { subsets: filled, isTruncated: true }
}

function withoutEmpty({ addresses, notReadyAddresses, ports }: EndpointSubset): EndpointSubset | undefined {
  if (!addresses?.length && !notReadyAddresses?.length) return undefined
  return {
    ...(addresses?.length ? { addresses } : {}),
    ...(notReadyAddresses?.length ? { notReadyAddresses } : {}),
    ...(ports?.length ? { ports } : {}),
  }
}

function wantedLabels(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    [managedByLabel]: 'endpoint-controller',
    ...(members.isHeadless(service) ? { [members.headlessLabel]: '' } : {}),
  }
}

function planEndpoints(
  service: Service,
  current: Endpoints | undefined,
  options: { readonly pods: readonly Pod[]; readonly triggerTime: string | undefined },
): Endpoints | undefined {
  const { subsets, isTruncated } = truncate(planSubsets(service, options.pods))
  const labels = wantedLabels(service)
  const wasTruncated = current?.metadata.annotations?.[overCapacityAnnotation] === 'truncated'
  const isSame =
    sameValue(current?.subsets ?? [], subsets) && sameValue(current?.metadata.labels ?? {}, labels)
  if (current && isSame && wasTruncated === isTruncated) return undefined
  const {
    [members.triggerTimeAnnotation]: _,
    [overCapacityAnnotation]: __,
    ...rest
  } = current?.metadata.annotations ?? {}
  const annotations = {
    ...rest,
    ...(options.triggerTime ? { [members.triggerTimeAnnotation]: options.triggerTime } : {}),
    ...(isTruncated ? { [overCapacityAnnotation]: 'truncated' } : {}),
  }
  const { name, namespace } = service.metadata
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...(current?.metadata ?? { name, namespace }), labels, annotations },
    ...(subsets.length > 0 ? { subsets } : {}),
  }
}

async function reconcile(
  service: Service,
  context: ReconcileContext,
  times: members.TriggerTimes,
): Promise<void> {
  if (!members.hasSelector(service)) return
  const { client, cache, key, events } = context
  const { namespace = '', name = '' } = service.metadata
  const chosen = members.podsOf(service, cache)
  const triggerTime = times.next(key, service, chosen)
  const current = cache.get(endpoints, { namespace, name })
  const wanted = planEndpoints(service, current, { pods: chosen, triggerTime })
  if (!wanted) return
  try {
    if (current) await client.update(endpoints, wanted)
    else await client.create(endpoints, wanted)
  } catch (error) {
    if (!current && isNamespaceTerminating(error)) return
    const subject = { resource: endpoints, object: wanted }
    const text = current
      ? { reason: 'FailedToUpdateEndpoint', message: `Failed to update endpoint ${key}: ${messageOf(error)}` }
      : {
          reason: 'FailedToCreateEndpoint',
          message: `Failed to create endpoint for service ${key}: ${messageOf(error)}`,
        }
    events.event(subject, 'Warning', text)
    throw error
  }
}

export function endpointsController() {
  const times = new members.TriggerTimes()
  /** Services that were there: what others made for none is theirs. */
  const known = new Set<string>()
  return defineController({
    name: 'endpoint-controller',
    for: services,
    watches: [
      onChange(pods, members.servicesOf, members.endpointMatters),
      onChange(endpoints, ({ metadata }) => [`${metadata.namespace}/${metadata.name}`]),
    ],
    workers: 5,
    async reconcile(service, context) {
      known.add(context.key)
      await reconcile(service, context, times)
    },
    async deleted(key, { client, cache }) {
      times.forget(key)
      const left = cache.informer(endpoints).get(key)
      const isOurs = known.has(key) || left?.metadata.labels?.[managedByLabel]
      if (!left || !isOurs) return void known.delete(key)
      if (left.metadata.annotations?.['control-plane.alpha.kubernetes.io/leader']) return
      const { namespace, name = '', uid } = left.metadata
      await client.delete(endpoints, { namespace, name }, { preconditions: { uid } }).catch(error => {
        if (!isNotFound(error)) throw error
      })
      known.delete(key)
    },
  })
}
