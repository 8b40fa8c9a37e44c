import { describe, expect, test } from 'vitest'
import type { EndpointSlice } from '../../generated/types.ts'
import { endpointSlices } from './endpointslice.ts'

const slice = (rest: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata: { name: 's' },
  addressType: 'IPv4',
  endpoints: [],
  ...rest,
})
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)
const ofAddress = (addressType: string, address: string) =>
  texts(endpointSlices.validate!(slice({ addressType, endpoints: [{ addresses: [address] }] })))

describe('endpoint slices', () => {
  test('ports are TCP and nameless unless they say otherwise', () => {
    const object = slice({ endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] })
    endpointSlices.default!(object)
    expect(object.ports).toEqual([{ port: 80, name: '', protocol: 'TCP' }])
    expect(object.endpoints).toEqual([{ addresses: ['10.0.0.1'], conditions: {} }])
  })

  const addresses: [string, string, string[]][] = [
    ['IPv4', '10.0.0.1', []],
    ['IPv6', 'fd00::1', []],
    ['FQDN', 'example.com.', []],
    ['IPv4', 'fd00::1', ['Invalid value: "fd00::1": must be an IPv4 address']],
    ['IPv6', '10.0.0.1', ['Invalid value: "10.0.0.1": must be an IPv6 address']],
    [
      'IPv4',
      'example.com',
      ['Invalid value: "example.com": ' + 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    ['IPv6', '::1', ['Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
    [
      'FQDN',
      'localhost',
      ['Invalid value: "localhost": should be a domain with at least two segments separated by dots'],
    ],
  ]
  for (const [type, address, problems] of addresses) {
    test(`${address} as ${type} is ${problems.length === 0 ? 'fine' : 'refused'}`, () => {
      expect(ofAddress(type, address)).toEqual(
        problems.map(problem => `endpoints[0].addresses[0]: ${problem}`),
      )
    })
  }

  test('the address type is known and never changes', () => {
    expect(texts(endpointSlices.validate!(slice({ addressType: '' })))).toEqual([
      'addressType: Required value',
    ])
    expect(texts(endpointSlices.validate!(slice({ addressType: 'IP' })))).toEqual([
      'addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"',
    ])
    expect(texts(endpointSlices.validateUpdate!(slice({ addressType: 'IPv6' }), slice()))).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ])
  })

  test('a slice holds a thousand endpoints of at most a hundred addresses', () => {
    const full = Array.from({ length: 1001 }, () => ({ addresses: ['10.0.0.1'] }))
    expect(texts(endpointSlices.validate!(slice({ endpoints: full })))).toEqual([
      'endpoints: Too many: 1001: must have at most 1000 items',
    ])
    const many = [{ addresses: Array.from({ length: 101 }, () => '10.0.0.1') }, { addresses: [] }]
    expect(texts(endpointSlices.validate!(slice({ endpoints: many })))).toEqual([
      'endpoints[0].addresses: Too many: 101: must have at most 100 items',
      'endpoints[1].addresses: Required value: must contain at least 1 address',
    ])
  })

  test('port names are unique, protocols known', () => {
    const ports = [
      { name: 'a', protocol: 'TCP' },
      { name: 'a', protocol: 'TCP' },
      { name: 'b', protocol: 'X' },
    ]
    expect(texts(endpointSlices.validate!(slice({ ports })))).toEqual([
      'ports[1].name: Duplicate value: "a"',
      'ports[2].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ])
  })

  test('the row shows ports and the first three addresses', () => {
    const endpoints = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map(ip => ({ addresses: [ip] }))
    const cells = (object: EndpointSlice) => endpointSlices.columns!.map(column => column.cell(object, 0))
    expect(cells(slice({ endpoints, ports: [{ port: 80 }, { name: 'any' }] }))).toEqual([
      's',
      'IPv4',
      '80,any',
      '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...',
      '<unknown>',
    ])
    expect(cells(slice())).toEqual(['s', 'IPv4', '<unset>', '<unset>', '<unknown>'])
  })

  test('names as addresses are warned of, and so are odd spellings', () => {
    expect(endpointSlices.warnings!(slice({ addressType: 'FQDN' }))).toEqual([
      'spec.addressType: FQDN endpoints are deprecated',
    ])
    const odd = slice({ addressType: 'IPv6', endpoints: [{ addresses: ['fd00:0::1'] }] })
    expect(endpointSlices.warnings!(odd)).toHaveLength(1)
  })
})
