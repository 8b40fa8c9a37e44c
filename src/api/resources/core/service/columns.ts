// The table of Services (upstream: printService).
import type { Service, ServicePort } from '../../../generated/types.ts'
import { ageColumn } from '../../../meta/age.ts'
import { column } from '../../../resource.ts'
import { formatLabels, nameColumn } from '../../columns.ts'
import { clusterIPsOf } from './kind.ts'

function loadBalancerAddresses(service: Service): string {
  const found = new Set<string>()
  for (const { ip, hostname } of service.status?.loadBalancer?.ingress ?? []) {
    const address = ip || hostname
    if (address) found.add(address)
  }
  return [...found].sort().join(',')
}

/** What reaches it from outside, never shortened: the server renders the wide form for everybody. */
export function formatExternalIP(service: Service): string {
  const external = service.spec?.externalIPs ?? []
  switch (service.spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.length > 0 ? external.join(',') : '<none>'
    case 'LoadBalancer': {
      const balanced = loadBalancerAddresses(service)
      if (external.length > 0) return [...(balanced === '' ? [] : [balanced]), ...external].join(',')
      return balanced === '' ? '<pending>' : balanced
    }
    case 'ExternalName':
      return service.spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

const formatPort = ({ port, nodePort, protocol }: ServicePort) =>
  `${[port, ...(nodePort ? [nodePort] : [])].join(':')}/${protocol}`

export const formatPorts = (ports: readonly ServicePort[] | undefined): string =>
  ports?.length ? ports.map(formatPort).join(',') : '<none>'

export const serviceColumns = [
  nameColumn,
  column<Service>('Type', service => service.spec?.type ?? ''),
  column<Service>('Cluster-IP', service => clusterIPsOf(service)[0] ?? '<none>'),
  column<Service>('External-IP', formatExternalIP),
  column<Service>('Port(s)', service => formatPorts(service.spec?.ports)),
  ageColumn,
  column<Service>('Selector', service => formatLabels(service.spec?.selector), { wide: true }),
]
