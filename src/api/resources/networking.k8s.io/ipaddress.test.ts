import { expect, test } from 'vitest'
import { ipAddresses } from './ipaddress.ts'

const parentRef = { resource: 'services', namespace: 'default', name: 'web' }
const address = (name: string, parent: object | undefined = parentRef) =>
  ({ metadata: { name }, spec: { parentRef: parent } }) as never

const messages = (name: string, parent?: object) =>
  ipAddresses.validate!(address(name, parent)).map(({ field, message }) => `${field}: ${message}`)

test.each(['10.0.0.1', '2001:db8::1'])('%s is a name', name => expect(messages(name)).toEqual([]))

test('The name is the canonical address', () => {
  expect(messages('2001:DB8::1')).toEqual([
    'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
  ])
  expect(messages('web')).toEqual([
    'metadata.name: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ])
})

test('A parent has a resource and a name', () => {
  expect(messages('10.0.0.1', {})).toEqual([
    'spec.parentRef.resource: Required value',
    'spec.parentRef.name: Required value',
  ])
})

test('The parent never changes', () => {
  const moved = address('10.0.0.1', { ...parentRef, name: 'other' })
  const [error] = ipAddresses.validateUpdate!(moved, address('10.0.0.1'))
  expect(error?.field).toBe('spec.parentRef')
  expect(error?.message).toContain('field is immutable')
})

test('The table names the parent', () => {
  const [, parent] = ipAddresses.columns!
  expect(parent!.cell(address('10.0.0.1'), 0)).toBe('services/default/web')
  const gateway = { group: 'gateway.networking.k8s.io', resource: 'gateways', name: 'g' }
  expect(parent!.cell(address('10.0.0.1', gateway), 0)).toBe('gateways.gateway.networking.k8s.io/g')
})
