// EndpointSlice: a part of the endpoints behind a Service, all of one address type: one set of slices per
// family (KEP-752).
import { parseLenientAddress } from '../../../ip/address.ts'
import type { IPFamily } from '../../../ip/family.ts'
import { duplicate, type FieldError, invalidValue, notSupported, required, tooMany } from '../../fields.ts'
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice } from '../../generated/types.ts'
import { addressWarnings, validateLegacyAddress, validateNonSpecialAddress } from '../../meta/addresses.ts'
import { ageColumn } from '../../meta/age.ts'
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName, type TextRule } from '../../meta/names.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { formatFew, nameColumn } from '../columns.ts'

const addressTypes = ['FQDN', 'IPv4', 'IPv6']
const families: Readonly<Record<string, IPFamily>> = { IPv4: 'IPv4', IPv6: 'IPv6' }
const protocols = ['SCTP', 'TCP', 'UDP']
const maxEndpoints = 1000
const maxAddresses = 100
const maxPorts = 20000
const maxHints = 8

function defaultSlice(slice: EndpointSlice): void {
  slice.endpoints ??= []
  slice.ports ??= []
  for (const endpoint of slice.endpoints) endpoint.conditions ??= {}
  for (const port of slice.ports) {
    port.name ??= ''
    port.protocol ??= 'TCP'
  }
}

/** It belongs to an older version of the API. */
function dropTopology({ endpoints = [] }: EndpointSlice): void {
  for (const endpoint of endpoints) {
    if (endpoint.deprecatedTopology) delete endpoint.deprecatedTopology
  }
}

function validateSlice({ addressType, endpoints = [], ports = [] }: EndpointSlice): FieldError[] {
  const errors: FieldError[] = []
  if (!addressType) errors.push(required('addressType'))
  else if (!addressTypes.includes(addressType)) {
    errors.push(notSupported('addressType', addressType, addressTypes))
  }
  if (endpoints.length > maxEndpoints) errors.push(tooMany('endpoints', endpoints.length, maxEndpoints))
  else {
    endpoints.forEach((endpoint, index) => {
      errors.push(...validateEndpoint(endpoint, addressType, `endpoints[${index}]`))
    })
  }
  return [...errors, ...validatePorts(ports)]
}

const validateText = (text: string, rule: TextRule, field: string) =>
  rule(text).map(problem => invalidValue(field, text, problem))

function validateEndpoint(endpoint: Endpoint, addressType: string, field: string): FieldError[] {
  const { addresses = [], nodeName, hostname } = endpoint
  const errors: FieldError[] = []
  if (addresses.length === 0) {
    errors.push(required(`${field}.addresses`, 'must contain at least 1 address'))
  } else if (addresses.length > maxAddresses) {
    errors.push(tooMany(`${field}.addresses`, addresses.length, maxAddresses))
  }
  addresses.forEach((address, index) => {
    const at = `${field}.addresses[${index}]`
    const family = families[addressType]
    if (family) errors.push(...validateIP(address, family, at))
    else if (addressType === 'FQDN') errors.push(...validateDomain(address, at))
  })
  if (nodeName !== undefined) errors.push(...validateText(nodeName, dns1123Subdomain, `${field}.nodeName`))
  if (hostname !== undefined) errors.push(...validateText(hostname, dns1123Label, `${field}.hostname`))
  for (const list of ['forZones', 'forNodes'] as const) {
    errors.push(...validateHints(endpoint.hints?.[list] ?? [], `${field}.hints.${list}`, list))
  }
  return errors
}

function validateIP(address: string, family: IPFamily, field: string): readonly FieldError[] {
  const errors = validateLegacyAddress(address, field)
  if (errors.length > 0) return errors
  if (parseLenientAddress(address)?.family !== family) {
    return [invalidValue(field, address, `must be an ${family} address`)]
  }
  return validateNonSpecialAddress(address, field)
}

function validateDomain(address: string, field: string): FieldError[] {
  if (address === '') return [required(field)]
  const name = address.replace(/\.$/, '')
  const problems = dns1123Subdomain(name)
  if (problems.length > 0) return [invalidValue(field, name, problems.join(','))]
  const labels = name.split('.')
  if (labels.length < 2) {
    return [invalidValue(field, name, 'should be a domain with at least two segments separated by dots')]
  }
  const wrong = labels.find(label => dns1123Label(label).length > 0)
  return wrong === undefined ? [] : [invalidValue(field, wrong, dns1123Label(wrong).join(','))]
}

function validateHints(
  hints: readonly { readonly name: string }[],
  field: string,
  list: 'forZones' | 'forNodes',
): FieldError[] {
  if (hints.length > maxHints) return [tooMany(field, hints.length, maxHints)]
  const errors: FieldError[] = []
  hints.forEach(({ name }, index) => {
    const at = `${field}[${index}].name`
    if (hints.findIndex(hint => hint.name === name) < index) errors.push(duplicate(at, name))
    errors.push(...validateText(name, list === 'forZones' ? labelValue : dns1123Subdomain, at))
  })
  return errors
}

function validatePorts(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  if (ports.length > maxPorts) return [tooMany('ports', ports.length, maxPorts)]
  const errors: FieldError[] = []
  const names = new Set<string>()
  ports.forEach(({ name = '', protocol, appProtocol }, index) => {
    const at = `ports[${index}]`
    if (name !== '') errors.push(...validateText(name, dns1123Label, `${at}.name`))
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
    if (protocol === undefined) errors.push(required(`${at}.protocol`))
    else if (!protocols.includes(protocol)) {
      errors.push(notSupported(`${at}.protocol`, protocol, protocols))
    }
    if (appProtocol !== undefined) {
      errors.push(...validateText(appProtocol, qualifiedName, `${at}.appProtocol`))
    }
  })
  return errors
}

function sliceWarnings({ addressType, endpoints = [] }: EndpointSlice): string[] {
  if (addressType === 'FQDN') return ['spec.addressType: FQDN endpoints are deprecated']
  return endpoints.flatMap(({ addresses = [] }, index) =>
    addresses.flatMap((address, position) =>
      addressWarnings(address, `endpoints[${index}].addresses[${position}]`),
    ),
  )
}

/** The few cells `kubectl get` shows; `<unset>` when there are none. */
const orUnset = (texts: readonly string[]) => formatFew(texts) || '<unset>'

export const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  namespaced: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('AddressType', slice => slice.addressType ?? ''),
    column('Ports', ({ ports }) =>
      orUnset((ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port)))),
    ),
    column('Endpoints', ({ endpoints }) => orUnset((endpoints ?? []).flatMap(({ addresses }) => addresses))),
    ageColumn,
  ],
  default: defaultSlice,
  prepareForCreate: dropTopology,
  prepareForUpdate: dropTopology,
  validate: validateSlice,
  validateUpdate: (slice, previous) => immutable(slice.addressType, previous.addressType, 'addressType'),
  warnings: sliceWarnings,
})
