// The checks of IP address and CIDR texts in API fields (KEP-4858, beta and on since 1.36). Older fields
// take any unambiguous spelling, newer ones only the canonical one. Sentences are those of apimachinery's
// pkg/util/validation.
import { type Address, formatAddress, parseAddress, parseLenientAddress } from '../../ip/address.ts'
import {
  formatCIDR,
  type InterfaceAddress,
  networkOf,
  parseCIDR,
  parseInterfaceAddress,
  parseLenientCIDR,
} from '../../ip/cidr.ts'
import { addressBits } from '../../ip/family.ts'
import { isLinkLocal, isLinkLocalMulticast, isLoopback, isUnspecified } from '../../ip/special.ts'
import { type FieldError, invalidValue } from '../fields.ts'

const notAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const notCIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
const canonicalText = (canonical: string) => `must be in canonical form (${JSON.stringify(canonical)})`
const fine: readonly FieldError[] = []

/** An address in a field that predates the strict rules: not ambiguous, but not necessarily canonical. */
export function validateLegacyAddress(value: string, field: string): readonly FieldError[] {
  if (parseAddress(value)) return fine
  if (!parseLenientAddress(value)) return [invalidValue(field, value, notAddress)]
  const why = value.includes(':') ? 'must not be an IPv4-mapped IPv6 address' : 'must not have leading 0s'
  return [invalidValue(field, value, why)]
}

/** An address in a newer field: canonical. */
export function validateAddress(value: string, field: string): readonly FieldError[] {
  const errors = validateLegacyAddress(value, field)
  if (errors.length > 0) return errors
  const canonical = formatAddress(parseAddress(value)!)
  return canonical === value ? fine : [invalidValue(field, value, canonicalText(canonical))]
}

/** A range in a field that predates the strict rules. */
export function validateLegacyCIDR(value: string, field: string): readonly FieldError[] {
  if (parseCIDR(value)) return fine
  const lenient = parseLenientCIDR(value)
  if (!lenient) return [invalidValue(field, value, notCIDR)]
  if (parseInterfaceAddress(value)) {
    return [invalidValue(field, value, 'must not have bits set beyond the prefix length')]
  }
  const mapped = value.includes(':') && addressBits[lenient.address.family] === 32 && !/\/0\d/.test(value)
  const why = mapped
    ? 'must not have an IPv4-mapped IPv6 address'
    : 'must not have leading 0s in IP or prefix length'
  return [invalidValue(field, value, why)]
}

/** A range in a newer field: canonical. */
export function validateCIDR(value: string, field: string): readonly FieldError[] {
  const errors = validateLegacyCIDR(value, field)
  if (errors.length > 0) return errors
  const canonical = formatCIDR(parseCIDR(value)!)
  return canonical === value ? fine : [invalidValue(field, value, canonicalText(canonical))]
}

const special: readonly (readonly [is: (address: Address) => boolean, why: string])[] = [
  [isUnspecified, 'may not be unspecified (0.0.0.0 or ::)'],
  [isLoopback, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [isLinkLocal, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [isLinkLocalMulticast, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
]

/** Where traffic can be sent to from elsewhere: no unspecified, loopback or link-local address. */
export function validateNonSpecialAddress(value: string, field: string): readonly FieldError[] {
  const address = parseLenientAddress(value)
  if (!address) return [invalidValue(field, value, 'must be a valid IP address')]
  return special.filter(([is]) => is(address)).map(([, why]) => invalidValue(field, value, why))
}

const quote = (text: string) => JSON.stringify(text)

/** For fields checked by validateLegacyAddress. */
export function addressWarnings(value: string, field: string): readonly string[] {
  const lenient = parseLenientAddress(value)
  if (!lenient) return []
  const canonical = formatAddress(lenient)
  if (!parseAddress(value)) {
    return [
      `${field}: non-standard IP address ${quote(value)} will be considered invalid in a future ` +
        `Kubernetes release: use ${quote(canonical)}`,
    ]
  }
  if (canonical === value) return []
  return [
    `${field}: IPv6 address ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`,
  ]
}

const lastWarning = (value: string, field: string, lenient: InterfaceAddress, canonical: string) => {
  if (!parseInterfaceAddress(value)) {
    return [
      `${field}: non-standard CIDR value ${quote(value)} will be considered invalid in a future ` +
        `Kubernetes release: use ${quote(canonical)}`,
    ]
  }
  const prefix = `${formatAddress(lenient.address)}/${lenient.prefixLength}`
  if (prefix === value) return []
  return [
    `${field}: IPv6 CIDR value ${quote(value)} should be in RFC 5952 canonical format (${quote(prefix)})`,
  ]
}

/** For fields checked by validateLegacyCIDR. */
export function cidrWarnings(value: string, field: string): readonly string[] {
  const lenient = parseLenientCIDR(value)
  if (!lenient) return []
  const network = networkOf(lenient.address, lenient.prefixLength)
  const canonical = formatCIDR(network)
  const warnings: string[] = []
  if (network.base !== lenient.address.value) {
    const single = `${formatAddress(lenient.address)}/${addressBits[network.family]}`
    warnings.push(
      `${field}: CIDR value ${quote(value)} is ambiguous in this context ` +
        `(should be ${quote(canonical)} or ${quote(single)}?)`,
    )
    if (parseInterfaceAddress(value)) return warnings
  }
  return [...warnings, ...lastWarning(value, field, lenient, canonical)]
}
