// The Services that traffic checks send to: in front of the probe servers, in the families that the cluster
// has of those that are expected.
import type { Service } from '../api/generated/types.ts'
import { services } from '../api/resources/core/service.ts'
import type { IPFamilies } from '../ip/family.ts'
import type { CheckContext } from './check.ts'

type ServiceSpec = NonNullable<Service['spec']>

export const servicePorts = { http: 80, udp: 81 }

/** Families that are both expected and there. */
export const usableFamilies = ({ families, mode }: Pick<CheckContext, 'families' | 'mode'>): IPFamilies =>
  families.filter(family => mode.families.includes(family))

export const familyFields = (families: IPFamilies): Partial<ServiceSpec> => ({
  ipFamilies: [...families],
  ipFamilyPolicy: families.length > 1 ? 'RequireDualStack' : 'SingleStack',
})

export interface ProbeServiceOptions {
  readonly families: IPFamilies
  readonly selector: Readonly<Record<string, string>>
  readonly spec?: Partial<ServiceSpec>
  /** Default: the scratch namespace. */
  readonly namespace?: string
  /** Without UDP: load balancers of before 1.26 refuse two protocols. */
  readonly onlyTCP?: boolean
}

/** Creates a Service; its ports are `servicePorts`. */
export function createProbeService(
  { workspace }: Pick<CheckContext, 'workspace'>,
  { families, selector, spec, namespace, onlyTCP }: ProbeServiceOptions,
): Promise<Service> {
  const http = { name: 'http', port: servicePorts.http, targetPort: 'http', protocol: 'TCP' }
  const udp = { name: 'udp', port: servicePorts.udp, targetPort: 'udp', protocol: 'UDP' }
  return workspace.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: namespace === undefined ? {} : { namespace },
    spec: {
      selector: { ...selector },
      ports: onlyTCP ? [http] : [http, udp],
      ...familyFields(families),
      ...spec,
    },
  })
}

/** Each node with the next one, both ways, and each with itself: as many as three times the nodes. */
export function nodePairs<T>(nodes: readonly T[]): (readonly [from: T, to: T])[] {
  const pairs = nodes.map(node => [node, node] as const)
  const ring =
    nodes.length < 2 ? [] : nodes.map((node, index) => [node, nodes[(index + 1) % nodes.length]!] as const)
  const once = nodes.length === 2 ? ring.slice(0, 1) : ring
  return [...pairs, ...once, ...once.map(([from, to]) => [to, from] as const)]
}
