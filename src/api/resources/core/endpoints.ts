// Endpoints: the addresses behind a Service in one object, of one family; EndpointSlices have taken its
// place.
import { joinHostPort } from '../../../ip/hostport.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../fields.ts'
import type { EndpointAddress, EndpointSubset, Endpoints } from '../../generated/types.ts'
import { addressWarnings, validateLegacyAddress, validateNonSpecialAddress } from '../../meta/addresses.ts'
import { ageColumn } from '../../meta/age.ts'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName, type TextRule } from '../../meta/names.ts'
import { column, defineResource } from '../../resource.ts'
import { formatFew, nameColumn } from '../columns.ts'

const protocols = ['SCTP', 'TCP', 'UDP']

function validateSubset(subset: EndpointSubset, field: string): FieldError[] {
  const errors: FieldError[] = []
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(required(field, 'must specify `addresses` or `notReadyAddresses`'))
  }
  addresses.forEach((address, index) => {
    errors.push(...validateAddress(address, `${field}.addresses[${index}]`))
  })
  notReadyAddresses.forEach((address, index) => {
    errors.push(...validateAddress(address, `${field}.notReadyAddresses[${index}]`))
  })
  ports.forEach(({ name = '', port, protocol = '', appProtocol }, index) => {
    const at = `${field}.ports[${index}]`
    if (name !== '') errors.push(...validateText(name, dns1123Label, `${at}.name`))
    else if (ports.length > 1) errors.push(required(`${at}.name`))
    for (const problem of portNumber(port)) errors.push(invalidValue(`${at}.port`, port, problem))
    if (protocol === '') errors.push(required(`${at}.protocol`))
    else if (!protocols.includes(protocol)) {
      errors.push(notSupported(`${at}.protocol`, protocol, protocols))
    }
    if (appProtocol !== undefined) {
      errors.push(...validateText(appProtocol, qualifiedName, `${at}.appProtocol`))
    }
  })
  return errors
}

const validateText = (text: string, rule: TextRule, field: string) =>
  rule(text).map(problem => invalidValue(field, text, problem))

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, field: string): FieldError[] {
  return [
    ...validateLegacyAddress(ip ?? '', `${field}.ip`),
    ...(hostname ? validateText(hostname, dns1123Label, `${field}.hostname`) : []),
    ...(nodeName === undefined ? [] : validateText(nodeName, dns1123Subdomain, `${field}.nodeName`)),
    ...validateNonSpecialAddress(ip ?? '', `${field}.ip`),
  ]
}

/** `10.0.0.1:80,[fd00::1]:80`; `<none>` without a subset. */
function formatEndpoints({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>'
  return formatFew(
    subsets.flatMap(({ addresses = [], ports = [] }) =>
      ports.length === 0
        ? addresses.map(({ ip }) => ip)
        : ports.flatMap(({ port }) => addresses.map(({ ip }) => joinHostPort(ip, port))),
    ),
  )
}

export const endpoints = defineResource<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  resource: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  allowCreateOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: [nameColumn, column('Endpoints', formatEndpoints), ageColumn],
  default({ subsets }) {
    for (const { ports } of subsets ?? []) {
      for (const port of ports ?? []) port.protocol ||= 'TCP'
    }
  },
  validate: ({ subsets = [] }) =>
    subsets.flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`)),
  warnings: ({ subsets = [] }) =>
    subsets.flatMap((subset, index) =>
      (['addresses', 'notReadyAddresses'] as const).flatMap(list =>
        (subset[list] ?? []).flatMap(({ ip }, position) =>
          addressWarnings(ip, `subsets[${index}].${list}[${position}].ip`),
        ),
      ),
    ),
})
