// ServiceCIDRs (KEP-1880): the ranges that ClusterIPs are taken from. The one named `kubernetes` comes from
// the server's configuration; others widen the ranges while the cluster runs.
import { parseCIDR } from '../../../ip/cidr.ts'
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type { ServiceCIDR } from '../../generated/types.ts'
import { validateCIDR } from '../../meta/addresses.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutableText } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const field = 'spec.cidrs'

/** As upstream's server prints the spec of its internal API. */
const printed = (cidrs: readonly string[]) => ({ CIDRs: cidrs })

function validate(object: ServiceCIDR): readonly FieldError[] {
  const cidrs = object.spec?.cidrs ?? []
  if (cidrs.length === 0) return [required(field, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalidValue(field, printed(cidrs), 'may only hold up to 2 values')]
  const families = cidrs.map(cidr => parseCIDR(cidr)?.family)
  if (cidrs.length === 2 && (families.includes(undefined) || families[0] === families[1])) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    return [invalidValue(field, printed(cidrs), why)]
  }
  return cidrs.flatMap((cidr, index) => validateCIDR(cidr, `${field}[${index}]`))
}

/** A second family may be added; nothing else may change. */
function validateUpdate(object: ServiceCIDR, previous: ServiceCIDR): readonly FieldError[] {
  const [now, before] = [object.spec?.cidrs ?? [], previous.spec?.cidrs ?? []]
  if (now.length === before.length) {
    return before.flatMap((cidr, index) =>
      cidr === now[index] ? [] : [invalidValue(`${field}[${index}]`, now[index], immutableText)],
    )
  }
  if (before.length !== 1 || now.length !== 2) return [invalidValue(field, now, immutableText)]
  const errors = before[0] === now[0] ? [] : [invalidValue(`${field}[0]`, now[0], immutableText)]
  return [...errors, ...validate(object)]
}

export const serviceCIDRs = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  resource: 'servicecidrs',
  namespaced: false,
  hasStatus: true,
  columns: [nameColumn, column('CIDRs', object => (object.spec?.cidrs ?? []).join(',')), ageColumn],
  prepareForCreate(object) {
    object.status = {}
  },
  validate,
  validateUpdate,
  validatesUpdateAlone: true,
})
