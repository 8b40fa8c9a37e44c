// What a Service has when its author did not say, as upstream's pkg/apis/core/v1/defaults.go. What depends
// on the cluster (families, addresses, ports) is filled in by allocation.

import { otherFamily } from '../../../../ip/family.ts'
import type { Service, ServicePort, ServiceSpec } from '../../../generated/types.ts'
import { isExternallyAccessible, specOf } from './kind.ts'

/** Fields whose zero value Go does not tell from their absence, and never writes. */
const emptyMeansAbsent = [
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'ipFamilies',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
  'selector',
] as const satisfies readonly (keyof ServiceSpec)[]

function isZero(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function dropZeroValues(spec: ServiceSpec): void {
  for (const field of emptyMeansAbsent) {
    if (field in spec && isZero(spec[field])) delete spec[field]
  }
}

const defaultAffinitySeconds = 10_800

function defaultAffinity(spec: ServiceSpec): void {
  if (!spec.sessionAffinity) spec.sessionAffinity = 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (
    spec.sessionAffinity === 'ClientIP' &&
    spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined
  ) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: defaultAffinitySeconds } }
  }
}

function defaultPort(port: ServicePort): void {
  if (!port.protocol) port.protocol = 'TCP'
  if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') {
    port.targetPort = port.port
  }
  if (port.nodePort === 0) delete port.nodePort
  if (port.name === '') delete port.name
}

/** As far as it can be known without the cluster. */
function defaultFamilies(spec: ServiceSpec): void {
  const families = spec.ipFamilies ?? []
  if (spec.ipFamilyPolicy === undefined && (spec.clusterIPs?.length === 2 || families.length === 2)) {
    spec.ipFamilyPolicy = 'RequireDualStack'
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length === 1) {
    spec.ipFamilies = [families[0]!, otherFamily(families[0]!)]
  }
}

function defaultLoadBalancer(service: Service, spec: ServiceSpec): void {
  spec.allocateLoadBalancerNodePorts ??= true
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) {
    if (ingress.ip) ingress.ipMode ??= 'VIP'
  }
}

export function defaultService(service: Service): void {
  const spec = specOf(service)
  dropZeroValues(spec)
  defaultAffinity(spec)
  if (!spec.type) spec.type = 'ClusterIP'
  for (const port of spec.ports ?? []) defaultPort(port)
  if (isExternallyAccessible(service)) spec.externalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort' || spec.type === 'ClusterIP') {
    spec.internalTrafficPolicy ??= 'Cluster'
  }
  if (spec.type !== 'ExternalName') defaultFamilies(spec)
  if (spec.type === 'LoadBalancer') defaultLoadBalancer(service, spec)
}
