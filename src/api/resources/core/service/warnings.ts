// The warnings a Service's author gets (upstream: pkg/api/service/warnings.go).
import type { Service } from '../../../generated/types.ts'
import { addressWarnings, cidrWarnings } from '../../../meta/addresses.ts'
import { clusterIPsOf, hasAllocatedIPs, headlessIP, specOf } from './kind.ts'

const topologyHints = 'service.kubernetes.io/topology-aware-hints'
const topologyMode = 'service.kubernetes.io/topology-mode'

function headlessWarnings(service: Service): string[] {
  const spec = specOf(service)
  if (spec.type !== 'ClusterIP' || spec.clusterIP !== headlessIP) return []
  const warnings: string[] = []
  if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
  if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored for headless services')
  if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  return warnings
}

function addressFieldWarnings(service: Service): string[] {
  const spec = specOf(service)
  const external = spec.externalIPs ?? []
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === headlessIP
  const warnings = external.flatMap((ip, index) => addressWarnings(ip, `spec.externalIPs[${index}]`))
  if (external.length > 0 && !headless && spec.type !== 'ExternalName') {
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  }
  if (spec.loadBalancerIP) warnings.push(...addressWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP'))
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    warnings.push(...cidrWarnings(range, `spec.loadBalancerSourceRanges[${index}]`))
  }
  return warnings
}

export function serviceWarnings(service: Service): readonly string[] {
  const spec = specOf(service)
  const warnings: string[] = []
  if (service.metadata.annotations?.[topologyHints] !== undefined) {
    warnings.push(`annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`)
  }
  if (hasAllocatedIPs(service)) {
    for (const [index, ip] of clusterIPsOf(service).entries()) {
      warnings.push(...addressWarnings(ip, `spec.clusterIPs[${index}]`))
    }
  }
  warnings.push(...headlessWarnings(service), ...addressFieldWarnings(service))
  if (spec.type === 'ExternalName' && spec.externalIPs?.length) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  }
  if (spec.type !== 'ExternalName' && spec.externalName) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  }
  if (spec.trafficDistribution === 'PreferClose') {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  }
  return warnings
}
