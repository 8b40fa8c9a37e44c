import { expect, test } from 'vitest'
import { ipAddresses } from '../../api/resources/networking.k8s.io/ipaddress.ts'
import { addressName, ipAddressFor } from './ipaddressobject.ts'

test.each([
  ['FD00::0A', 'fd00::a'],
  ['10.0.0.1', '10.0.0.1'],
  ['None', undefined],
])('The IPAddress of %s is called %s', (address, name) => expect(addressName(address)).toBe(name))

test('The IPAddress is valid and points at its Service', () => {
  const made = ipAddressFor('fd00::a', { namespace: 'n', name: 's' }, 0)
  expect(ipAddresses.validate!(made)).toEqual([])
  expect(made.spec.parentRef).toEqual({ resource: 'services', namespace: 'n', name: 's' })
  expect(made.metadata.labels?.['ipaddress.kubernetes.io/ip-family']).toBe('IPv6')
})
