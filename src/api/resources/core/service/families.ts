// Which families a Service gets: what upstream does in pkg/registry/core/service/storage/{storage,alloc}.go
// before it allocates (KEP-563). Pure: the cluster's families go in, the Service's families, or what is
// wrong, come out.
import { familyOf, type IPFamilies, otherFamily } from '../../../../ip/family.ts'
import { type FieldError, invalidValue } from '../../../fields.ts'
import type { Service, ServiceSpec } from '../../../generated/types.ts'
import { validateClusterIPs } from './clusterips.ts'
import {
  clusterIPsOf,
  familiesOf,
  headlessIP,
  isHeadlessWithoutSelector,
  sameClusterIPs,
  sameFamilies,
  specOf,
} from './kind.ts'

const singleStack = 'SingleStack'
const preferDualStack = 'PreferDualStack'
const requireDualStack = 'RequireDualStack'
const policyField = 'spec.ipFamilyPolicy'

/**
 * A PreferDualStack Service is not upgraded or downgraded just because the cluster's families changed
 * meanwhile: an update that leaves its fields as they are changes nothing.
 */
export function keepsPreferredFamilies(service: Service, previous: Service | undefined): boolean {
  const [now, before] = [service.spec ?? {}, previous?.spec]
  return (
    before !== undefined &&
    now.type === before.type &&
    now.type !== 'ExternalName' &&
    now.ipFamilyPolicy === preferDualStack &&
    (before.ipFamilyPolicy === undefined || before.ipFamilyPolicy === preferDualStack) &&
    sameClusterIPs(service, previous!) &&
    sameFamilies(service, previous!)
  )
}

function defaultPolicy(service: Service, previous: Service | undefined): void {
  const spec = specOf(service)
  if (spec.ipFamilyPolicy !== undefined) return
  spec.ipFamilyPolicy =
    previous?.spec?.ipFamilyPolicy ?? (isHeadlessWithoutSelector(service) ? requireDualStack : singleStack)
}

/**
 * Setting the policy to SingleStack is enough to give up the second family; shortening the lists alone is
 * not.
 */
function applyDowngrade(service: Service, previous: Service): FieldError[] {
  const spec = specOf(service)
  if (spec.ipFamilyPolicy === singleStack) {
    if (sameClusterIPs(previous, service)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1)
    if (sameFamilies(previous, service)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1)
    return []
  }
  const reduced = (now: readonly string[], before: readonly string[]) =>
    now.length > 0 && now.length < before.length
  const errors: FieldError[] = []
  if (reduced(clusterIPsOf(service), clusterIPsOf(previous))) {
    const why = "must be 'SingleStack' to release the secondary cluster IP"
    errors.push(invalidValue(policyField, spec.ipFamilyPolicy, why))
  }
  if (reduced(familiesOf(service), familiesOf(previous))) {
    const why = "must be 'SingleStack' to release the secondary IP family"
    errors.push(invalidValue(policyField, spec.ipFamilyPolicy, why))
  }
  return errors
}

function checkSingleStack(service: Service): FieldError[] {
  const policy = service.spec?.ipFamilyPolicy
  if (policy !== singleStack) return []
  const must = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
  const errors: FieldError[] = []
  if (clusterIPsOf(service).length === 2) {
    errors.push(invalidValue(policyField, policy, `${must} cluster IPs are specified`))
  }
  if (familiesOf(service).length === 2) {
    errors.push(invalidValue(policyField, policy, `${must} IP families are specified`))
  }
  return errors
}

/** Addresses tell their families where those were left out. */
function inferFamilies(spec: ServiceSpec, cluster: IPFamilies): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === headlessIP) break
    if (index < (spec.ipFamilies ?? []).length) continue
    const family = familyOf(address)
    if (family && cluster.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family]
    else {
      const why = `${family ?? 'unknown'} is not configured on this cluster`
      errors.push(invalidValue(`spec.clusterIPs[${index}]`, spec.clusterIPs, why))
    }
  }
  return errors
}

function completeHeadless(spec: ServiceSpec, cluster: IPFamilies): void {
  spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : [cluster[0]!]
  if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== singleStack) {
    spec.ipFamilies = [spec.ipFamilies[0]!, otherFamily(spec.ipFamilies[0]!)]
  }
}

function complete(spec: ServiceSpec, cluster: IPFamilies): FieldError[] {
  const errors: FieldError[] = []
  if (spec.ipFamilyPolicy === requireDualStack && cluster.length < 2) {
    const why = 'this cluster is not configured for dual-stack services'
    errors.push(invalidValue(policyField, spec.ipFamilyPolicy, why))
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if ((cluster as readonly string[]).includes(family)) continue
    errors.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  }
  if (errors.length > 0) return errors
  spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : [cluster[0]!]
  if (spec.ipFamilyPolicy !== singleStack && spec.ipFamilies.length === 1 && cluster.length === 2) {
    spec.ipFamilies = [spec.ipFamilies[0]!, otherFamily(spec.ipFamilies[0]!)]
  }
  return []
}

/**
 * Fills in `ipFamilyPolicy` and `ipFamilies`, in place, for a Service of a cluster with these families;
 * returns what speaks against it.
 */
export function resolveFamilies(
  service: Service,
  previous: Service | undefined,
  cluster: IPFamilies,
): readonly FieldError[] {
  const spec = specOf(service)
  if (spec.type === 'ExternalName' || keepsPreferredFamilies(service, previous)) return []
  defaultPolicy(service, previous)
  const malformed = validateClusterIPs(service)
  if (malformed.length > 0) return malformed
  const errors = [
    ...(previous ? applyDowngrade(service, previous) : []),
    ...checkSingleStack(service),
    ...inferFamilies(spec, cluster),
  ]
  if (errors.length > 0) return errors
  if (isHeadlessWithoutSelector(service)) {
    completeHeadless(spec, cluster)
    return []
  }
  return complete(spec, cluster)
}
