// What runs in the cluster already and could be asked: backends of dual-stack Services, and Pods that say on
// which TCP ports they listen. Each is only connected to, from a probe Pod; nothing is sent.
import type { EndpointSlice, Pod, Service } from '../api/generated/types.ts'
import type { IPFamily } from '../ip/family.ts'
import { ofFamily } from './nodefacts.ts'
import { isReady, namespacedName, ordinaryPods, podFamiliesOf, podIPsOf } from './podfacts.ts'
import { familiesOfService } from './trialservices.ts'

/** One port of one Pod, with an address of each family. */
export interface Listener {
  /** `default/web` (a Service) or `default/web-1` (a Pod). */
  readonly name: string
  readonly port: number
  readonly addresses: Readonly<Partial<Record<IPFamily, string>>>
}

const isOwn = ({ metadata }: Service | Pod) =>
  metadata.labels?.['app.kubernetes.io/managed-by'] === 'futago-verify'

/** Enough to find what is wrong with a chart; not a port scan. */
const mostListeners = 40

const addressesOf = (pod: Pod): Partial<Record<IPFamily, string>> =>
  Object.fromEntries(podFamiliesOf(pod).map(family => [family, ofFamily(podIPsOf(pod), family)[0]!]))

const tcpPorts = ({ ports }: EndpointSlice): readonly number[] =>
  (ports ?? []).flatMap(({ port, protocol }) =>
    port !== undefined && protocol !== 'UDP' && protocol !== 'SCTP' ? [port] : [],
  )

/** For each dual-stack Service and TCP port, one ready backend that has both families. */
export function backendsOf(seen: {
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly pods: readonly Pod[]
}): readonly Listener[] {
  const byAddress = new Map(
    seen.pods.filter(isReady).flatMap(pod => podIPsOf(pod).map(ip => [ip, pod] as const)),
  )
  const listeners = seen.services
    .filter(service => familiesOfService(service).length > 1 && !isOwn(service))
    .flatMap(service => {
      const own = seen.slices.filter(
        ({ metadata }) =>
          metadata.namespace === service.metadata.namespace &&
          metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
      )
      return own.slice(0, 1).flatMap(slice => {
        const addresses = (slice.endpoints ?? []).flatMap(endpoint => endpoint.addresses)
        const pod = addresses
          .map(address => byAddress.get(address))
          .find(each => each && podFamiliesOf(each).length > 1)
        if (!pod) return []
        return tcpPorts(slice).map(port => ({
          name: namespacedName(service),
          port,
          addresses: addressesOf(pod),
        }))
      })
    })
  return listeners.slice(0, mostListeners)
}

/** Ready Pods behind no dual-stack Service, with the first TCP port that they or their probe name. */
export function lonePodsOf(seen: {
  readonly services: readonly Service[]
  readonly pods: readonly Pod[]
}): readonly Listener[] {
  const dual = seen.services.filter(service => familiesOfService(service).length > 1)
  const isBehind = (pod: Pod) =>
    dual.some(
      ({ metadata, spec }) =>
        metadata.namespace === pod.metadata.namespace &&
        Object.keys(spec?.selector ?? {}).length > 0 &&
        Object.entries(spec?.selector ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value),
    )
  const listeners = ordinaryPods(seen.pods)
    .filter(pod => isReady(pod) && podFamiliesOf(pod).length > 1 && !isOwn(pod) && !isBehind(pod))
    .flatMap(pod => {
      const port = portOf(pod)
      return port === undefined ? [] : [{ name: namespacedName(pod), port, addresses: addressesOf(pod) }]
    })
  return listeners.slice(0, mostListeners)
}

function portOf({ spec }: Pod): number | undefined {
  for (const { ports = [], readinessProbe } of spec?.containers ?? []) {
    const probed = readinessProbe?.httpGet?.port ?? readinessProbe?.tcpSocket?.port
    if (typeof probed === 'number') return probed
    const named = ports.find(
      ({ name, protocol }) => (protocol ?? 'TCP') === 'TCP' && (probed === undefined || name === probed),
    )
    if (named) return named.containerPort
  }
  return undefined
}
