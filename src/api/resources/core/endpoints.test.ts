import { expect, test } from 'vitest'
import type { EndpointSubset } from '../../generated/types.ts'
import { endpoints } from './endpoints.ts'

const objectOf = (...subsets: EndpointSubset[]) => ({ metadata: { name: 'e' }, subsets })
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

test('ports are TCP unless they say otherwise', () => {
  const object = objectOf({ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] })
  endpoints.default!(object)
  expect(object.subsets[0]?.ports).toEqual([{ port: 80, protocol: 'TCP' }])
  expect(endpoints.validate!(object)).toEqual([])
})

test('addresses are those of other machines, ports have names and numbers', () => {
  const subset = {
    addresses: [{ ip: 'x' }, { ip: '127.0.0.1' }, { ip: 'fe80::1' }],
    ports: [
      { port: 0, protocol: 'TCP' },
      { name: 'b', port: 1, protocol: 'QUIC' },
    ],
  }
  expect(texts(endpoints.validate!(objectOf(subset, {})))).toEqual([
    'subsets[0].addresses[0].ip: Invalid value: "x": ' +
      'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
    'subsets[0].addresses[1].ip: Invalid value: "127.0.0.1": ' +
      'may not be in the loopback range (127.0.0.0/8, ::1/128)',
    'subsets[0].addresses[2].ip: Invalid value: "fe80::1": ' +
      'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    'subsets[0].ports[0].name: Required value',
    'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    'subsets[0].ports[1].protocol: Unsupported value: "QUIC": supported values: "SCTP", "TCP", "UDP"',
    'subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`',
  ])
})

test('the row shows the first three, IPv6 in brackets', () => {
  const addresses = ['10.0.0.1', 'fd00::1'].map(ip => ({ ip }))
  const cell = endpoints.columns![1]!.cell
  expect(cell(objectOf(), 0)).toBe('<none>')
  expect(cell(objectOf({ addresses }), 0)).toBe('10.0.0.1,fd00::1')
  expect(cell(objectOf({ addresses, ports: [{ port: 80 }, { port: 443 }] }), 0)).toBe(
    '10.0.0.1:80,[fd00::1]:80,10.0.0.1:443 + 1 more...',
  )
})
