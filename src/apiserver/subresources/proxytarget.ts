// Where pods/proxy, services/proxy and nodes/proxy lead: names of the form `[scheme:]name[:port]`, as
// upstream reads them (SplitSchemeNamePort, ResourceLocation), and the connection behind them.
import { connect as connectTCP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { EndpointSlice, Pod, Service } from '../../api/generated/types.ts'
import type { KubeletConnector } from '../../api/kubeletapi.ts'
import { badRequest, StatusError } from '../../api/status.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { type Call, namespaceOf } from '../endpoints/call.ts'
import type { RegistryLookup } from '../registry/registry.ts'
import { containerReference, kubeletOf } from './podtarget.ts'

export interface ProxyTarget {
  readonly scheme: 'http' | 'https'
  /** For the Host header. */
  readonly host: string
  /** Rejects with the reason why it cannot be reached. */
  connect(): Promise<Duplex>
}

export interface ProxyContext {
  readonly lookup: RegistryLookup
  readonly connector: KubeletConnector
}

interface ProxyName {
  readonly scheme: 'http' | 'https'
  readonly name: string
  /** Empty: not said. */
  readonly port: string
}

/** `of`: pod, service or node, for the message. Throws BadRequest. */
export function parseProxyName(text: string, of: string): ProxyName {
  const parts = text.split(':')
  const [scheme = '', name = '', port = ''] =
    parts.length === 1 ? ['', ...parts] : parts.length === 2 ? ['', ...parts] : parts
  const isScheme = scheme === '' || scheme === 'http' || scheme === 'https'
  if (parts.length > 3 || name === '' || !isScheme)
    throw badRequest(`invalid ${of} request ${JSON.stringify(text)}`)
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port }
}

const unavailable = (message: string) => new StatusError({ code: 503, reason: 'ServiceUnavailable', message })

const defaultPorts = { http: 80, https: 443 } as const

/** Throws BadRequest. */
function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text)
  throw badRequest(`invalid port ${JSON.stringify(text)}`)
}

/** Through the Pod's kubelet: the API server need have no route to the Pods' networks. */
const podConnection =
  (pod: Pod, port: number, { connector }: ProxyContext) =>
  async () =>
    (await kubeletOf(pod, connector)).portForward(containerReference(pod, ''), port)

export async function podProxyTarget(call: Call, context: ProxyContext): Promise<ProxyTarget> {
  const { scheme, name, port } = parseProxyName(call.info.name, 'pod')
  const stored = await call.registry.get(call.context, namespaceOf(call), name)
  const pod = stored.object as Pod
  const first = pod.spec?.containers?.flatMap(({ ports = [] }) => ports)[0]?.containerPort
  const number = port === '' ? (first ?? defaultPorts[scheme]) : portNumber(port)
  const [ip] = pod.status?.podIPs ?? []
  if (!ip?.ip) throw badRequest('address not allowed')
  return { scheme, host: joinHostPort(ip.ip, number), connect: podConnection(pod, number, context) }
}

interface Candidate {
  readonly address: string
  readonly port: number
  /** Absent: no Pod stands behind it. */
  readonly pod?: { readonly namespace: string; readonly name: string }
}

/** Every ready address of every family. */
export function serviceCandidates(slices: readonly EndpointSlice[], portName: string): Candidate[] {
  return slices.flatMap(({ metadata, endpoints = [], ports = [] }) => {
    const port = ports.find(({ name = '' }) => name === portName)?.port
    if (port === undefined) return []
    return endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses, targetRef }) => {
        const pod =
          targetRef?.kind === 'Pod'
            ? { namespace: metadata.namespace ?? '', name: targetRef.name ?? '' }
            : undefined
        return addresses.map(address => ({ address, port, ...(pod ? { pod } : {}) }))
      })
  })
}

/** A number is that of the Service's port; what else was asked is the port's name. */
function servicePortName({ metadata, spec }: Service, asked: string): string {
  if (!/^\d+$/.test(asked)) return asked
  const found = spec?.ports?.find(({ port }) => port === Number(asked))
  if (found) return found.name ?? ''
  throw unavailable(`no service port ${asked} found for service ${JSON.stringify(metadata.name)}`)
}

function dial(address: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectTCP({ host: address, port })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

export async function serviceProxyTarget(call: Call, context: ProxyContext): Promise<ProxyTarget> {
  const { scheme, name, port } = parseProxyName(call.info.name, 'service')
  const namespace = namespaceOf(call)
  const service = (await call.registry.get(call.context, namespace, name)).object as Service
  const portName = servicePortName(service, port)
  const slices = await context
    .lookup('discovery.k8s.io', 'v1', 'endpointslices')
    ?.list(call.context, { namespace, labelSelector: `kubernetes.io/service-name=${name}` })
  const objects = (slices?.items ?? []).map(({ object }) => object as EndpointSlice)
  const candidates = serviceCandidates(objects, portName)
  const chosen = candidates[Math.floor(Math.random() * candidates.length)]
  if (!chosen) throw unavailable(`no endpoints available for service ${JSON.stringify(call.info.name)}`)
  const host = joinHostPort(chosen.address, chosen.port)
  if (!chosen.pod) return { scheme, host, connect: () => dial(chosen.address, chosen.port) }
  const pods = context.lookup('', 'v1', 'pods')
  const pod = (await pods?.get(call.context, chosen.pod.namespace, chosen.pod.name))?.object as Pod
  return { scheme, host, connect: podConnection(pod, chosen.port, context) }
}

/** Only the kubelet's own port: the connection is the API server's own to the kubelet. */
export async function nodeProxyTarget(call: Call, { connector }: ProxyContext): Promise<ProxyTarget> {
  const { name, port } = parseProxyName(call.info.name, 'node')
  const node = (await call.registry.get(call.context, '', name)).object as {
    status?: { daemonEndpoints?: { kubeletEndpoint?: { Port?: number } } }
  }
  const own = node.status?.daemonEndpoints?.kubeletEndpoint?.Port
  if (port !== '' && Number(port) !== own) {
    throw badRequest(`port ${port} of node ${name} cannot be reached, only the kubelet's own port, ${own}`)
  }
  // The kubelet's connection is secured already, where it needs to be.
  return { scheme: 'http', host: name, connect: async () => (await connector(name)).connect() }
}
