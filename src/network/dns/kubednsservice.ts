// The Service under which Pods find the server, `kube-dns` in kube-system as everywhere: without a selector,
// with one EndpointSlice per family, which lead to the server.
import type { EndpointSlice, Service } from '../../api/generated/types.ts'
import { familyOf, type IPFamilies, type IPFamily } from '../../ip/family.ts'

export const kubeDNS = { namespace: 'kube-system', name: 'kube-dns' } as const

export interface KubeDNSAddresses {
  /** The Service's, primary family first; what kubelets write into resolv.conf. */
  readonly clusterIPs: readonly string[]
  /** Where nodes reach the server: at most one for each family. */
  readonly endpoints: readonly string[]
  readonly port: number
}

const protocols = [
  { name: 'dns', protocol: 'UDP' },
  { name: 'dns-tcp', protocol: 'TCP' },
]

const familiesOf = (addresses: readonly string[]): IPFamilies =>
  addresses.flatMap(address => familyOf(address) ?? [])

export function kubeDNSService({ clusterIPs }: KubeDNSAddresses): Service {
  const ipFamilies = familiesOf(clusterIPs)
  return {
    metadata: {
      ...kubeDNS,
      labels: {
        'k8s-app': 'kube-dns',
        'kubernetes.io/cluster-service': 'true',
        'kubernetes.io/name': 'CoreDNS',
      },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterIPs[0] ?? '',
      clusterIPs: [...clusterIPs],
      ipFamilies: [...ipFamilies],
      ipFamilyPolicy: ipFamilies.length > 1 ? 'RequireDualStack' : 'SingleStack',
      ports: protocols.map(one => ({ ...one, port: 53, targetPort: 53 })),
    },
  }
}

function slice(family: IPFamily, service: Service, { endpoints, port }: KubeDNSAddresses): EndpointSlice {
  const addresses = endpoints.filter(address => familyOf(address) === family)
  return {
    metadata: {
      namespace: kubeDNS.namespace,
      name: `${kubeDNS.name}-${family.toLowerCase()}`,
      labels: {
        'kubernetes.io/service-name': kubeDNS.name,
        'endpointslice.kubernetes.io/managed-by': 'futago-dns',
      },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Service', name: kubeDNS.name, uid: service.metadata.uid ?? '' },
      ],
    },
    addressType: family,
    endpoints: addresses.map(address => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
    })),
    ports: protocols.map(one => ({ ...one, port })),
  }
}

/** One for each of the Service's families in which the server can be reached. */
export const kubeDNSSlices = (service: Service, addresses: KubeDNSAddresses): EndpointSlice[] =>
  familiesOf(addresses.clusterIPs)
    .filter(family => addresses.endpoints.some(address => familyOf(address) === family))
    .map(family => slice(family, service, addresses))
