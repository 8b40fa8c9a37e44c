// What the rules for Services ask of one: its type and what follows from it (upstream:
// pkg/api/service/util.go and the needs* predicates of pkg/registry/core/service). Also its two address
// fields, which must always agree.
import type { Service, ServiceSpec } from '../../../generated/types.ts'

export const headlessIP = 'None'

/** Never undefined: a Service without a spec gets an empty one. */
export function specOf(service: Service): ServiceSpec {
  service.spec ??= {}
  return service.spec
}

export const clusterIPsOf = (service: Service): readonly string[] => service.spec?.clusterIPs ?? []
export const familiesOf = (service: Service): readonly string[] => service.spec?.ipFamilies ?? []

/** Both fields at once; an empty list unsets them. */
export function setClusterIPs(service: Service, addresses: readonly string[]): void {
  const spec = specOf(service)
  if (addresses.length === 0) {
    delete spec.clusterIP
    delete spec.clusterIPs
  } else {
    spec.clusterIP = addresses[0]!
    spec.clusterIPs = [...addresses]
  }
}

/** By the plural field, as validation judges. */
export const isHeadless = (service: Service): boolean => {
  const addresses = clusterIPsOf(service)
  return addresses.length === 1 && addresses[0] === headlessIP
}

export const hasSelector = (service: Service): boolean => Object.keys(service.spec?.selector ?? {}).length > 0

/** Headless without a selector: somebody else makes its endpoints, of whatever families they like. */
export const isHeadlessWithoutSelector = (service: Service): boolean =>
  service.spec?.clusterIP === headlessIP && !hasSelector(service)

/** Has addresses that were allocated: neither headless nor ExternalName. */
export const hasAllocatedIPs = (service: Service): boolean =>
  service.spec?.type !== 'ExternalName' &&
  clusterIPsOf(service).length > 0 &&
  clusterIPsOf(service)[0] !== headlessIP

export const needsClusterIP = (service: Service): boolean => service.spec?.type !== 'ExternalName'

export const needsNodePort = (service: Service): boolean =>
  service.spec?.type === 'NodePort' || service.spec?.type === 'LoadBalancer'

export const needsHealthCheckNodePort = (service: Service): boolean =>
  service.spec?.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local'

export const isExternallyAccessible = (service: Service): boolean =>
  needsNodePort(service) ||
  (service.spec?.type === 'ClusterIP' && (service.spec.externalIPs ?? []).length > 0)

export const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index])
export const sameClusterIPs = (a: Service, b: Service) => sameTexts(clusterIPsOf(a), clusterIPsOf(b))
export const sameFamilies = (a: Service, b: Service) => sameTexts(familiesOf(a), familiesOf(b))
