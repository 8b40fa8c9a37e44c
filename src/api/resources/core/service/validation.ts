// The checks of a Service, in upstream's order and with its sentences (pkg/apis/core/validation:
// ValidateService, ValidateServiceUpdate, ValidateServiceStatusUpdate).

import { parseLenientAddress } from '../../../../ip/address.ts'
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../fields.ts'
import type { LoadBalancerIngress, Service, ServicePort, ServiceSpec } from '../../../generated/types.ts'
import {
  validateLegacyAddress,
  validateLegacyCIDR,
  validateNonSpecialAddress,
} from '../../../meta/addresses.ts'
import {
  dns1123Label,
  dns1123Subdomain,
  portName,
  portNumber,
  qualifiedName,
  type TextRule,
} from '../../../meta/names.ts'
import { immutableText, validateLabels } from '../../../meta/objectmeta.ts'
import { validateClusterIPs, validateClusterIPsUpdate, validateFamiliesUpdate } from './clusterips.ts'
import {
  headlessIP,
  isExternallyAccessible,
  isHeadless,
  needsHealthCheckNodePort,
  needsNodePort,
  specOf,
} from './kind.ts'

type Errors = readonly FieldError[]

const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'"
const topologyHints = 'service.kubernetes.io/topology-aware-hints'
const topologyMode = 'service.kubernetes.io/topology-mode'
const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const trafficPolicies = ['Cluster', 'Local']
const trafficDistributions = ['PreferClose', 'PreferSameNode', 'PreferSameZone']
const maxAffinitySeconds = 86_400

const text = (rule: TextRule, value: string, field: string): Errors =>
  rule(value).map(problem => invalidValue(field, value, problem))

/** Required and one of these. */
const oneOf = (value: string | undefined, allowed: readonly string[], field: string): Errors =>
  !value ? [required(field)] : allowed.includes(value) ? [] : [notSupported(field, value, allowed)]

function validateAnnotations(service: Service): Errors {
  const mode = service.metadata.annotations?.[topologyMode]
  const hints = service.metadata.annotations?.[topologyHints]
  if (mode === undefined || hints === undefined || mode === hints) return []
  const why = `must match annotations[${topologyHints}] when both are specified`
  return [invalidValue(`metadata.annotations[${topologyMode}]`, mode, why)]
}

function validateExternalName(spec: ServiceSpec): Errors {
  const errors: FieldError[] = []
  const notHere = 'may not be set for ExternalName services'
  if (spec.clusterIPs?.length) errors.push(forbiddenField('spec.clusterIPs', notHere))
  if (spec.ipFamilies?.length) errors.push(forbiddenField('spec.ipFamilies', notHere))
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbiddenField('spec.ipFamilyPolicy', notHere))
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  return name === ''
    ? [...errors, required('spec.externalName')]
    : [...errors, ...text(dns1123Subdomain, name, 'spec.externalName')]
}

function validateByType(service: Service): Errors {
  const spec = specOf(service)
  if (spec.type === 'ExternalName') return validateExternalName(spec)
  if (!needsNodePort(service) || !isHeadless(service)) return []
  const why = `may not be set to 'None' for ${spec.type} services`
  return [invalidValue('spec.clusterIPs[0]', headlessIP, why)]
}

function validateTargetPort(target: string | number | undefined, field: string): Errors {
  if (typeof target === 'string') return text(portName, target, field)
  return portNumber(target ?? 0).map(problem => invalidValue(field, target ?? 0, problem))
}

function validatePort(port: ServicePort, index: number, names: Set<string> | undefined): Errors {
  const field = `spec.ports[${index}]`
  const errors: FieldError[] = []
  const name = port.name ?? ''
  if (name !== '') {
    errors.push(...text(dns1123Label, name, `${field}.name`))
    if (names?.has(name)) errors.push(duplicate(`${field}.name`, name))
    names?.add(name)
  } else if (names) errors.push(required(`${field}.name`))
  for (const problem of portNumber(port.port)) {
    errors.push(invalidValue(`${field}.port`, port.port, problem))
  }
  errors.push(...oneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], `${field}.protocol`))
  errors.push(...validateTargetPort(port.targetPort, `${field}.targetPort`))
  if (port.appProtocol !== undefined) {
    errors.push(...text(qualifiedName, port.appProtocol, `${field}.appProtocol`))
  }
  return errors
}

function validateAffinity(spec: ServiceSpec): Errors {
  const errors = [...oneOf(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity')]
  const field = 'spec.sessionAffinityConfig'
  const config = spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'None' && config) {
    errors.push(forbiddenField(field, 'must not be set when session affinity is None'))
  }
  if (spec.sessionAffinity !== 'ClientIP') return errors
  const why = 'when session affinity type is ClientIP'
  if (!config) return [...errors, required(field, why)]
  if (!config.clientIP) return [...errors, required(`${field}.clientIP`, why)]
  const seconds = config.clientIP.timeoutSeconds
  const timeoutField = `${field}.clientIP.timeoutSeconds`
  if (seconds === undefined) return [...errors, required(timeoutField, why)]
  if (seconds > 0 && seconds <= maxAffinitySeconds) return errors
  const range = `must be greater than 0 and less than ${maxAffinitySeconds}`
  return [...errors, invalidValue(timeoutField, seconds, range)]
}

function validateExternalIPs(spec: ServiceSpec): Errors {
  return (spec.externalIPs ?? []).flatMap((ip, index) => {
    const field = `spec.externalIPs[${index}]`
    const malformed = validateLegacyAddress(ip, field)
    return malformed.length > 0 ? malformed : validateNonSpecialAddress(ip, field)
  })
}

/** As upstream's server prints the port of its internal API. */
const printedPort = ({ protocol, port }: ServicePort) => ({
  Name: '',
  Protocol: protocol ?? '',
  AppProtocol: null,
  Port: port,
  TargetPort: 0,
  NodePort: 0,
})

function validatePortUniqueness(spec: ServiceSpec): Errors {
  const errors: FieldError[] = []
  const ports = spec.ports ?? []
  if (spec.type === 'ClusterIP') {
    for (const [index, { nodePort }] of ports.entries()) {
      const why = "may not be used when `type` is 'ClusterIP'"
      if (nodePort) errors.push(forbiddenField(`spec.ports[${index}].nodePort`, why))
    }
  }
  const seen = new Set<string>()
  for (const [index, { protocol, nodePort }] of ports.entries()) {
    if (!nodePort) continue
    const key = `node ${protocol} ${nodePort}`
    if (seen.has(key)) errors.push(duplicate(`spec.ports[${index}].nodePort`, nodePort))
    seen.add(key)
  }
  for (const [index, port] of ports.entries()) {
    const key = `${port.protocol} ${port.port}`
    if (seen.has(key)) errors.push(duplicate(`spec.ports[${index}]`, printedPort(port)))
    seen.add(key)
  }
  return errors
}

/** Spaces round the ranges are let through; the annotation is the field's predecessor. */
function validateSourceRanges(service: Service): Errors {
  const spec = specOf(service)
  const annotation = service.metadata.annotations?.[sourceRangesAnnotation]
  const inSpec = (spec.loadBalancerSourceRanges ?? []).length > 0
  if (!inSpec && annotation === undefined) return []
  const field = inSpec ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${sourceRangesAnnotation}]`
  const errors: FieldError[] = []
  if (spec.type !== 'LoadBalancer') errors.push(forbiddenField(field, onlyLoadBalancer))
  if (inSpec) {
    for (const [index, range] of spec.loadBalancerSourceRanges!.entries()) {
      errors.push(...validateLegacyCIDR(range.trim(), `${field}[${index}]`))
    }
  } else if (annotation!.trim() !== '') {
    for (const range of annotation!.split(',')) errors.push(...validateLegacyCIDR(range.trim(), field))
  }
  return errors
}

function validateLoadBalancerFields(service: Service): Errors {
  const spec = specOf(service)
  const isLoadBalancer = spec.type === 'LoadBalancer'
  const errors: FieldError[] = []
  const allocate = 'allocateLoadBalancerNodePorts'
  if (spec[allocate] !== undefined && !isLoadBalancer) {
    errors.push(forbiddenField(`spec.${allocate}`, onlyLoadBalancer))
  }
  if (spec[allocate] === undefined && isLoadBalancer) errors.push(required(allocate))
  return [...errors, ...validateLoadBalancerClass(spec)]
}

function validateLoadBalancerClass(spec: ServiceSpec): Errors {
  const { loadBalancerClass: value } = spec
  if (value === undefined) return []
  const field = 'spec.loadBalancerClass'
  if (spec.type !== 'LoadBalancer') return [forbiddenField(field, onlyLoadBalancer)]
  return text(qualifiedName, value, field)
}

function validateHealthCheckNodePort(service: Service): Errors {
  const field = 'spec.healthCheckNodePort'
  const port = service.spec?.healthCheckNodePort ?? 0
  if (!needsHealthCheckNodePort(service)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    return port === 0 ? [] : [invalidValue(field, port, why)]
  }
  if (port === 0) return [required(field)]
  return portNumber(port).map(problem => invalidValue(field, port, problem))
}

function validateTrafficPolicies(service: Service): Errors {
  const spec = specOf(service)
  const errors: FieldError[] = []
  const external = spec.externalTrafficPolicy
  const externalField = 'spec.externalTrafficPolicy'
  if (isExternallyAccessible(service)) errors.push(...oneOf(external, trafficPolicies, externalField))
  else if (external) {
    errors.push(invalidValue(externalField, external, 'may only be set for externally-accessible services'))
  }
  errors.push(...validateHealthCheckNodePort(service))
  const internal = spec.internalTrafficPolicy
  const internalField = 'spec.internalTrafficPolicy'
  if (internal === undefined) {
    if (needsNodePort(service) || spec.type === 'ClusterIP') errors.push(required(internalField))
  } else if (!trafficPolicies.includes(internal)) {
    errors.push(notSupported(internalField, internal, trafficPolicies))
  }
  const distribution = spec.trafficDistribution
  if (distribution !== undefined && !trafficDistributions.includes(distribution)) {
    errors.push(notSupported('spec.trafficDistribution', distribution, trafficDistributions))
  }
  return errors
}

/** A Service that has been through allocation. */
export function validateService(service: Service): Errors {
  const spec = specOf(service)
  const ports = spec.ports ?? []
  const needsPorts = !isHeadless(service) && spec.type !== 'ExternalName'
  const names = new Set<string>()
  return [
    ...validateAnnotations(service),
    ...(ports.length === 0 && needsPorts ? [required('spec.ports')] : []),
    ...validateByType(service),
    ...ports.flatMap((port, index) => validatePort(port, index, ports.length > 1 ? names : undefined)),
    ...(spec.selector ? validateLabels(spec.selector, 'spec.selector') : []),
    ...validateAffinity(spec),
    ...validateClusterIPs(service),
    ...validateExternalIPs(spec),
    ...oneOf(spec.type, types, 'spec.type'),
    ...validatePortUniqueness(spec),
    ...validateSourceRanges(service),
    ...validateLoadBalancerFields(service),
    ...validateTrafficPolicies(service),
  ]
}

/** Everything about an update, what validateService says included. */
export function validateServiceUpdate(service: Service, previous: Service): Errors {
  const [spec, before] = [specOf(service), specOf(previous)]
  const errors = [
    ...validateClusterIPsUpdate(service, previous),
    ...validateFamiliesUpdate(service, previous),
  ]
  const bothBalanced = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer'
  if (bothBalanced && spec.loadBalancerClass !== before.loadBalancerClass) {
    const why = 'may not change once set'
    errors.push(invalidValue('spec.loadBalancerClass', spec.loadBalancerClass, why))
  }
  errors.push(...validateLoadBalancerClass(spec))
  if (needsHealthCheckNodePort(service) && needsHealthCheckNodePort(previous)) {
    if (spec.healthCheckNodePort !== before.healthCheckNodePort) {
      errors.push(forbiddenField('spec.healthCheckNodePort', immutableText))
    }
  }
  return [...errors, ...validateService(service)]
}

function validateIngress(ingress: LoadBalancerIngress, field: string): Errors {
  const errors: FieldError[] = []
  const { ip, ipMode, hostname } = ingress
  if (ip) errors.push(...validateLegacyAddress(ip, `${field}.ip`))
  if (ip && ipMode === undefined)
    errors.push(required(`${field}.ipMode`, 'must be specified when `ip` is set'))
  else if (!ip && ipMode !== undefined) {
    errors.push(forbiddenField(`${field}.ipMode`, 'may not be specified when `ip` is not set'))
  } else if (ipMode !== undefined && !['Proxy', 'VIP'].includes(ipMode)) {
    errors.push(notSupported(`${field}.ipMode`, ipMode, ['Proxy', 'VIP']))
  }
  if (hostname) {
    errors.push(...text(dns1123Subdomain, hostname, `${field}.hostname`))
    if (parseLenientAddress(hostname)) {
      const why = 'must be a DNS name, not an IP address'
      errors.push(invalidValue(`${field}.hostname`, hostname, why))
    }
  }
  return errors
}

export function validateServiceStatus(service: Service): Errors {
  const ingresses = service.status?.loadBalancer?.ingress ?? []
  const field = 'status.loadBalancer.ingress'
  if (ingresses.length > 0 && service.spec?.type !== 'LoadBalancer') {
    return [forbiddenField(field, "may only be used when `spec.type` is 'LoadBalancer'")]
  }
  return ingresses.flatMap((ingress, index) => validateIngress(ingress, `${field}[${index}]`))
}
