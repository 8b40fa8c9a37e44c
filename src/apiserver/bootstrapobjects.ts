// The objects that every cluster has from its first moment: system namespaces, priority classes, the
// ServiceCIDR of the configuration and the Service through which Pods reach the API server (upstream:
// pkg/controlplane/controller).
import { randomUUID } from 'node:crypto'
import type {
  EndpointSlice,
  Endpoints,
  Namespace,
  ObjectMeta,
  PriorityClass,
  Service,
  ServiceCIDR,
} from '../api/generated/types.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import type { KubeObject } from '../api/object.ts'
import { formatAddress } from '../ip/address.ts'
import { addressAt, parseCIDR } from '../ip/cidr.ts'
import { familyOf, familyOfCIDR } from '../ip/family.ts'
import { ipAddressFor } from './allocation/ipaddressobject.ts'
import { ipAddressPrefix, serviceCIDRPrefix, servicePrefix } from './allocation/keys.ts'
import type { ServerAddress } from './serverleases.ts'

export interface ClusterFacts {
  /** The configured ranges for ClusterIPs, primary first. */
  readonly serviceRanges: readonly string[]
  /** Where the API server is reached from nodes; of the primary family. */
  readonly advertiseAddress: string
  readonly securePort: number
  /**
   * All API servers of the cluster, this one with them; none: it is not known yet. Default: this one alone.
   */
  readonly servers?: readonly ServerAddress[]
  /** With the roles and bindings that RBAC starts from. */
  readonly rbac?: boolean
  /** Then nodes have no role of their own. */
  readonly nodeAuthorizer?: boolean
}

export interface KeyedObject {
  readonly key: string
  readonly object: KubeObject
}

export const serviceCIDRFinalizer = 'networking.k8s.io/service-cidr-finalizer'
const systemNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system']
const self = { namespace: 'default', name: 'kubernetes' }

const meta = (nowMs: number, rest: ObjectMeta): ObjectMeta => ({
  ...rest,
  uid: randomUUID(),
  creationTimestamp: formatTime(nowMs),
})

const namespace = (name: string, nowMs: number): Namespace => ({
  kind: 'Namespace',
  apiVersion: 'v1',
  metadata: meta(nowMs, { name, labels: { 'kubernetes.io/metadata.name': name } }),
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Active' },
})

const priorityClass = (
  name: string,
  nowMs: number,
  facts: { readonly value: number; readonly description: string },
): PriorityClass => ({
  kind: 'PriorityClass',
  apiVersion: 'scheduling.k8s.io/v1',
  metadata: meta(nowMs, { name, generation: 1 }),
  preemptionPolicy: 'PreemptLowerPriority',
  ...facts,
})

const priorityClasses = (nowMs: number): PriorityClass[] => [
  priorityClass('system-cluster-critical', nowMs, {
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if ' +
      'necessary.',
  }),
  priorityClass('system-node-critical', nowMs, {
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  }),
]

export const readyCondition = (nowMs: number, message: string) => ({
  type: 'Ready',
  status: 'True',
  reason: '',
  message,
  lastTransitionTime: formatTime(nowMs),
})

const serviceCIDR = ({ serviceRanges }: ClusterFacts, nowMs: number): ServiceCIDR => ({
  kind: 'ServiceCIDR',
  apiVersion: 'networking.k8s.io/v1',
  metadata: meta(nowMs, { name: 'kubernetes', finalizers: [serviceCIDRFinalizer] }),
  spec: { cidrs: [...serviceRanges] },
  status: { conditions: [readyCondition(nowMs, 'Kubernetes default Service CIDR is ready')] },
})

/** The first address of the primary range. */
export function apiServerServiceIP({ serviceRanges }: Pick<ClusterFacts, 'serviceRanges'>): string {
  const range = parseCIDR(serviceRanges[0] ?? '')
  if (!range) throw new Error(`Cannot use the Service range "${serviceRanges[0]}": expected a CIDR`)
  return formatAddress(addressAt(range, 1n))
}

const servicePort = (securePort: number) => ({
  name: 'https',
  protocol: 'TCP',
  port: 443,
  targetPort: securePort,
})
const endpointPort = (port: number) => ({ name: 'https', port, protocol: 'TCP' })

function service(facts: ClusterFacts, nowMs: number): Service {
  const address = apiServerServiceIP(facts)
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: meta(nowMs, { ...self, labels: { component: 'apiserver', provider: 'kubernetes' } }),
    spec: {
      ports: [servicePort(facts.securePort)],
      clusterIP: address,
      clusterIPs: [address],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: [familyOfCIDR(facts.serviceRanges[0]!)!],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  }
}

interface PortGroup {
  readonly port: number
  readonly addresses: readonly string[]
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Endpoints and EndpointSlices name a port once for all their addresses. Lowest port first. */
function groupByPort(servers: readonly ServerAddress[]): PortGroup[] {
  const ports = [...new Set(servers.map(({ port }) => port))].sort((a, b) => a - b)
  return ports.map(port => ({
    port,
    addresses: servers
      .filter(server => server.port === port)
      .map(({ address }) => address)
      .sort(byText),
  }))
}

const endpoints = (groups: readonly PortGroup[], nowMs: number): Endpoints => ({
  kind: 'Endpoints',
  apiVersion: 'v1',
  metadata: meta(nowMs, { ...self, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }),
  subsets: groups.map(({ port, addresses }) => ({
    addresses: addresses.map(ip => ({ ip })),
    ports: [endpointPort(port)],
  })),
})

const endpointSlice = ({ port, addresses }: PortGroup, name: string, nowMs: number): EndpointSlice => ({
  kind: 'EndpointSlice',
  apiVersion: 'discovery.k8s.io/v1',
  metadata: meta(nowMs, {
    namespace: self.namespace,
    name,
    generation: 1,
    labels: { 'kubernetes.io/service-name': 'kubernetes' },
  }),
  addressType: familyOf(addresses[0]!)!,
  endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
  ports: [endpointPort(port)],
})

const slicePrefix = '/registry/endpointslices/'
/** Slices of other ports than the first are named `kubernetes-6444`: where there are several servers. */
export const otherSlicePrefix = `${slicePrefix}default/kubernetes-`
export const isOtherSlice = (key: string) =>
  key.startsWith(otherSlicePrefix) && /^\d+$/.test(key.slice(otherSlicePrefix.length))

const keyed = (prefix: string, object: KubeObject): KeyedObject => {
  const { namespace: within, name } = object.metadata
  return { key: `${prefix}${within ? `${within}/` : ''}${name}`, object }
}

/** Created when they are missing, then left alone. */
export function foundation(facts: ClusterFacts, nowMs: number): KeyedObject[] {
  return [
    ...systemNamespaces.map(name => keyed('/registry/namespaces/', namespace(name, nowMs))),
    ...priorityClasses(nowMs).map(object => keyed('/registry/priorityclasses/', object)),
    keyed(serviceCIDRPrefix, serviceCIDR(facts, nowMs)),
    keyed(ipAddressPrefix, ipAddressFor(apiServerServiceIP(facts), self, nowMs)),
  ]
}

/** What is made right again when it differs: how to take over what differs into what is there. */
export interface KeptObject extends KeyedObject {
  /** Changes `current` in place; false when it is right. */
  mend(current: KubeObject): boolean
}

const sameJSON = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Takes over these fields. */
function mending<T extends KubeObject>(wanted: T, fields: readonly (keyof T)[]) {
  return (current: KubeObject): boolean => {
    const found = current as T
    const wrong = fields.filter(field => !sameJSON(found[field], wanted[field]))
    for (const field of wrong) found[field] = wanted[field]
    return wrong.length > 0
  }
}

/** The Service of the API server and its endpoints. */
export function apiServerService(facts: ClusterFacts, nowMs: number): KeptObject[] {
  const { servers = [{ address: facts.advertiseAddress, port: facts.securePort }] } = facts
  const groups = groupByPort(servers)
  const wantedService = service({ ...facts, securePort: groups[0]?.port ?? facts.securePort }, nowMs)
  const wantedEndpoints = endpoints(groups, nowMs)
  const keptService: KeptObject = {
    ...keyed(servicePrefix, wantedService),
    mend(current) {
      const { spec } = current as Service
      if (groups.length === 0 || !spec || sameJSON(spec.ports, wantedService.spec!.ports)) return false
      spec.ports = wantedService.spec!.ports
      return true
    },
  }
  if (groups.length === 0) return [keptService]
  return [
    keptService,
    {
      ...keyed('/registry/services/endpoints/', wantedEndpoints),
      mend: mending(wantedEndpoints, ['subsets']),
    },
    ...groups.map((group, index) => {
      const slice = endpointSlice(group, index === 0 ? self.name : `${self.name}-${group.port}`, nowMs)
      return { ...keyed(slicePrefix, slice), mend: mending(slice, ['endpoints', 'ports', 'addressType']) }
    }),
  ]
}
