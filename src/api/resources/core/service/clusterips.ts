// The checks of a Service's addresses, families and policy, alone and against what they were before:
// upstream's ValidateServiceClusterIPsRelatedFields and validateUpgradeDowngrade*
// (pkg/apis/core/validation).
import { familyOf, isFamily } from '../../../../ip/family.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../../fields.ts'
import type { Service } from '../../../generated/types.ts'
import { validateLegacyAddress } from '../../../meta/addresses.ts'
import { clusterIPsOf, familiesOf, headlessIP, isHeadless } from './kind.ts'

const addressesField = 'spec.clusterIPs'
const familiesField = 'spec.ipFamilies'
const policyField = 'spec.ipFamilyPolicy'
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

function validateAgreement(service: Service): FieldError[] {
  const singular = service.spec?.clusterIP ?? ''
  const plural = clusterIPsOf(service)
  if (singular === '') {
    const why = 'must be empty when `clusterIP` is not specified'
    return plural.length > 0 ? [invalidValue(addressesField, plural, why)] : []
  }
  if (plural.length === 0) return [required(addressesField)]
  const why = 'first value must match `clusterIP`'
  return plural[0] === singular ? [] : [invalidValue(addressesField, plural, why)]
}

function validateFamilies(service: Service): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, family] of familiesOf(service).entries()) {
    const field = `${familiesField}[${index}]`
    if (!isFamily(family)) errors.push(notSupported(field, family, ['IPv4', 'IPv6']))
    if (seen.has(family)) errors.push(duplicate(field, family))
    seen.add(family)
  }
  const policy = service.spec?.ipFamilyPolicy
  if (policy !== undefined && !policies.includes(policy)) {
    errors.push(notSupported(policyField, policy, policies))
  }
  return errors
}

function validateAddresses(addresses: readonly string[]): FieldError[] {
  return addresses.flatMap((address, index) => {
    if (index > 0 || address !== headlessIP) {
      return validateLegacyAddress(address, `${addressesField}[${index}]`)
    }
    return addresses.length === 1
      ? []
      : [invalidValue(addressesField, addresses, "'None' must be the first and only value")]
  })
}

/** For more than one address: exactly one of each family counts as dual-stack. */
function validateDualStack(addresses: readonly string[]): FieldError[] {
  if (addresses.length < 2) return []
  const dual = new Set(addresses.map(familyOf)).size === 2
  const why = 'may specify no more than one IP for each IP family'
  return dual ? [] : [invalidValue(addressesField, addresses, why)]
}

function validateMatch(service: Service): FieldError[] {
  if (isHeadless(service)) return []
  const families = familiesOf(service)
  return clusterIPsOf(service).flatMap((address, index) => {
    const expected = families[index]
    if (expected === undefined || !isFamily(expected) || familyOf(address) === expected) return []
    const article = `expected an ${expected} value as indicated by \`ipFamilies[${index}]\``
    return [invalidValue(`${addressesField}[${index}]`, address, article)]
  })
}

/** The fields alone; allocation asks this, too, before it fills in the rest. */
export function validateClusterIPs(service: Service): readonly FieldError[] {
  if (service.spec?.type === 'ExternalName') return []
  const addresses = clusterIPsOf(service)
  const wrong = validateAddresses(addresses)
  const errors = [...validateAgreement(service), ...validateFamilies(service), ...wrong]
  if (addresses.length > 2) {
    errors.push(invalidValue(addressesField, addresses, 'may only hold up to 2 values'))
  }
  return wrong.length > 0 ? errors : [...errors, ...validateDualStack(addresses), ...validateMatch(service)]
}

const unchangeable = 'may not change once set'
const isExternalName = (service: Service) => service.spec?.type === 'ExternalName'

function needsSingleStack(service: Service, what: string): FieldError[] {
  const policy = service.spec?.ipFamilyPolicy
  const why = `must be set to 'SingleStack' when releasing the secondary ${what}`
  return policy === 'SingleStack' ? [] : [invalidValue(policyField, policy, why)]
}

/** Addresses may be added and the second one given up; the first one never changes. */
export function validateClusterIPsUpdate(service: Service, previous: Service): readonly FieldError[] {
  if (isExternalName(service) || isExternalName(previous)) return []
  if (isHeadless(service) && isHeadless(previous)) return []
  const [now, before] = [clusterIPsOf(service), clusterIPsOf(previous)]
  if (now.length === before.length) {
    return before.flatMap((address, index) =>
      address === now[index] ? [] : [invalidValue(`${addressesField}[${index}]`, now, unchangeable)],
    )
  }
  const primaryChanged = now.length > 0 && before.length > 0 && now[0] !== before[0]
  const errors: FieldError[] = []
  if (now.length === 0) {
    errors.push(invalidValue(`${addressesField}[0]`, now, 'primary clusterIP can not be unset'))
  }
  if (primaryChanged) errors.push(invalidValue(`${addressesField}[0]`, now, unchangeable))
  if (now.length === 1 && before.length > 1) errors.push(...needsSingleStack(service, 'clusterIP'))
  return errors
}

/** As for addresses; a headless Service may change its families at will. */
export function validateFamiliesUpdate(service: Service, previous: Service): readonly FieldError[] {
  if (isExternalName(service) || isExternalName(previous)) return []
  if (isHeadless(service) || isHeadless(previous)) return []
  const [now, before] = [familiesOf(service), familiesOf(previous)]
  const field = `${familiesField}[0]`
  if (now.length === before.length) {
    return before.flatMap((family, index) =>
      family === now[index] ? [] : [invalidValue(field, now, unchangeable)],
    )
  }
  const primaryChanged = now.length > 0 && before.length > 0 && now[0] !== before[0]
  const errors: FieldError[] = []
  if (now.length < before.length && clusterIPsOf(service).length === 0) {
    errors.push(invalidValue(field, now, 'primary ipFamily can not be unset'))
  }
  if (primaryChanged) errors.push(invalidValue(field, clusterIPsOf(service), unchangeable))
  if (now.length === 1 && before.length > 1) errors.push(...needsSingleStack(service, 'ipFamily'))
  return errors
}
