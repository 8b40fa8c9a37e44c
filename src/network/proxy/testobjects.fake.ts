// Services and EndpointSlices for the proxy's tests: addresses per family that are easy to tell apart.
import type {
  Endpoint,
  EndpointSlice,
  Service,
  ServiceSpec,
  ServiceStatus,
} from '../../api/generated/types.ts'
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import type { PlanNode } from './serviceplan.ts'

type PerFamily = Readonly<Record<IPFamily, string>>

export const clusterIPs: PerFamily = { IPv4: '10.96.0.7', IPv6: 'fd00:10:96::7' }
export const balancerIPs: PerFamily = { IPv4: '203.0.113.7', IPv6: '2001:db8:7::7' }
const nodeIPs: PerFamily = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }
const podPrefixes: PerFamily = { IPv4: '10.244.1.', IPv6: 'fd00:10:244:1::' }

export const nodeOf = (families: IPFamilies, zone?: string): PlanNode => ({
  name: 'node-1',
  zone,
  families,
  addresses: families.map(family => nodeIPs[family]),
})

export function serviceOf(
  families: IPFamilies,
  spec: ServiceSpec = {},
  { name = 'web', status }: { name?: string; status?: ServiceStatus } = {},
): Service {
  return {
    metadata: { namespace: 'ns', name },
    spec: {
      type: 'ClusterIP',
      clusterIPs: families.map(family => clusterIPs[family]),
      ipFamilies: [...families],
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
    ...(status ? { status } : {}),
  }
}

export const balanced = (families: IPFamilies): ServiceStatus => ({
  loadBalancer: { ingress: families.map(family => ({ ip: balancerIPs[family] })) },
})

/** Endpoints by the last part of their address; odd ones are on node-1, even ones on node-2. */
export function sliceOf(
  family: IPFamily,
  hosts: readonly (number | readonly [number, Partial<Endpoint>])[],
  { service = 'web', port = 8080, protocol = 'TCP' } = {},
): EndpointSlice {
  return {
    metadata: {
      namespace: 'ns',
      name: `${service}-${family.toLowerCase()}`,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: family,
    ports: [{ name: '', port, protocol }],
    endpoints: hosts.map(entry => {
      const [host, more] = typeof entry === 'number' ? [entry, {}] : entry
      const address = `${podPrefixes[family]}${host}`
      return {
        addresses: [address],
        nodeName: host % 2 === 1 ? 'node-1' : 'node-2',
        conditions: { ready: true },
        ...more,
      }
    }),
  }
}
