// What an update that does not mention everything means: allocated values are kept, the two address fields
// are brought into agreement, and what a new type has no use for is dropped. Upstream:
// patchAllocatedValues, normalizeClusterIPs (pkg/registry/core/service/storage) and dropTypeDependentFields
// (strategy.go).
import type { Service } from '../../../generated/types.ts'
import {
  clusterIPsOf,
  isExternallyAccessible,
  needsClusterIP,
  needsHealthCheckNodePort,
  needsNodePort,
  sameClusterIPs,
  sameFamilies,
  specOf,
} from './kind.ts'

export const nodePortsOf = (service: Service): number[] =>
  (service.spec?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []))

/** Sending the same manifest again must work, though it does not have what was allocated. */
export function keepAllocatedValues(service: Service, previous: Service): void {
  const [spec, before] = [specOf(service), specOf(previous)]
  if (needsClusterIP(previous) && needsClusterIP(service)) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP
    if (!spec.clusterIPs?.length && before.clusterIPs?.length) spec.clusterIPs = [...before.clusterIPs]
  }
  if (needsNodePort(previous) && needsNodePort(service)) keepNodePorts(service, previous)
  if (needsHealthCheckNodePort(previous) && needsHealthCheckNodePort(service)) {
    if (!spec.healthCheckNodePort) spec.healthCheckNodePort = before.healthCheckNodePort
  }
}

/** By the port's name, unless the number went to another port. */
function keepNodePorts(service: Service, previous: Service): void {
  const now = new Set(nodePortsOf(service))
  const used = new Set(nodePortsOf(previous).filter(port => now.has(port)))
  const byName = new Map((previous.spec?.ports ?? []).map(port => [port.name ?? '', port.nodePort ?? 0]))
  for (const port of service.spec?.ports ?? []) {
    const before = byName.get(port.name ?? '') ?? 0
    if (!port.nodePort && before !== 0 && !used.has(before)) port.nodePort = before
  }
}

/**
 * Old clients know only `clusterIP`, new ones send both fields. Looks at nothing but these two; whatever is
 * still contradictory afterwards fails validation.
 */
export function normalizeClusterIPs(service: Service, previous: Service | undefined): void {
  const spec = specOf(service)
  const singular = spec.clusterIP ?? ''
  if (!previous) {
    if (singular !== '' && !spec.clusterIPs?.length) spec.clusterIPs = [singular]
    return
  }
  const before = previous.spec?.clusterIP ?? ''
  if (singular === before) {
    if (clusterIPsOf(previous).length > 0 && clusterIPsOf(service).length === 0) {
      spec.clusterIPs = [...clusterIPsOf(previous)]
    }
    return
  }
  if (!sameClusterIPs(previous, service)) return
  if (singular === '') delete spec.clusterIPs
  else spec.clusterIPs = [singular]
}

/** Only what may have been filled in automatically, and what the update did not touch. */
export function dropTypeDependentFields(service: Service, previous: Service): void {
  const [spec, before] = [specOf(service), specOf(previous)]
  if (needsClusterIP(previous) && !needsClusterIP(service)) {
    if (spec.clusterIP === before.clusterIP && sameClusterIPs(previous, service)) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (sameFamilies(previous, service)) delete spec.ipFamilies
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy
  }
  if (needsNodePort(previous) && !needsNodePort(service)) {
    const known = new Set(nodePortsOf(previous))
    if (nodePortsOf(service).every(port => known.has(port))) {
      for (const port of spec.ports ?? []) delete port.nodePort
    }
  }
  if (needsHealthCheckNodePort(previous) && !needsHealthCheckNodePort(service)) {
    if (spec.healthCheckNodePort === before.healthCheckNodePort) delete spec.healthCheckNodePort
  }
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts) {
      delete spec.allocateLoadBalancerNodePorts
    }
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass
  }
  if (isExternallyAccessible(previous) && !isExternallyAccessible(service)) {
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy
  }
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} }
}
