// Hand-made objects for the tests of checks: nodes, Pods and Services as a healthy cluster has them, to be
// broken in one place each.
import type { Node, Pod, Service } from '../api/generated/types.ts'
import type { IPFamilies, IPFamily } from '../ip/family.ts'

type PerFamily = Readonly<Record<IPFamily, (index: number) => string>>

export const podRange: PerFamily = {
  IPv4: index => `10.244.${index}.0/24`,
  IPv6: index => `fd00:10:244:${index}::/64`,
}

export const nodeAddress: PerFamily = {
  IPv4: index => `172.20.0.${index}`,
  IPv6: index => `fd00:172:20::${index}`,
}

export const podAddress: PerFamily = {
  IPv4: index => `10.244.${index}.7`,
  IPv6: index => `fd00:10:244:${index}::7`,
}

export const serviceAddress: PerFamily = {
  IPv4: index => `10.96.0.${index}`,
  IPv6: index => `fd00:10:96::${index}`,
}

/** node1, node2 ... with a range and an address of each family. */
export function healthyNode(index: number, families: IPFamilies): Node {
  const podCIDRs = families.map(family => podRange[family](index))
  const addresses = families.map(family => ({ type: 'InternalIP', address: nodeAddress[family](index) }))
  return {
    metadata: { name: `node${index}`, labels: { 'kubernetes.io/os': 'linux' } },
    spec: { podCIDR: podCIDRs[0]!, podCIDRs },
    status: {
      addresses: [{ type: 'Hostname', address: `node${index}` }, ...addresses],
      allocatable: { pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}

/** pod1 on node1 and so on: running and ready, of app `shop`. */
export function healthyPod(
  index: number,
  families: IPFamilies,
  rest: Partial<Pod['spec']> & object = {},
): Pod {
  const ips = families.map(family => (rest.hostNetwork ? nodeAddress : podAddress)[family](index))
  return {
    metadata: { name: `pod${index}`, namespace: 'default', labels: { app: 'shop' } },
    spec: { containers: [{ name: 'c', image: 'nginx' }], nodeName: `node${index}`, ...rest },
    status: {
      phase: 'Running',
      podIP: ips[0]!,
      podIPs: ips.map(ip => ({ ip })),
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}

export function healthyService(
  name: string,
  families: IPFamilies,
  rest: Partial<Service['spec']> & object = {},
): Service {
  const clusterIPs = families.map(family => serviceAddress[family](10))
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterIPs[0]!,
      clusterIPs,
      ipFamilies: [...families],
      ipFamilyPolicy: families.length > 1 ? 'RequireDualStack' : 'SingleStack',
      ports: [{ port: 80 }],
      selector: { app: 'shop' },
      ...rest,
    },
  }
}
