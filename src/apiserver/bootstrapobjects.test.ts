import { expect, test } from 'vitest'
import type { PriorityClass, Service } from '../api/generated/types.ts'
import { apiServerService, apiServerServiceIP, foundation } from './bootstrapobjects.ts'

const facts = { serviceRanges: ['fd00:10:96::/112'], advertiseAddress: '2001:db8::1', securePort: 6443 }

test.each([
  [['10.96.0.0/16'], '10.96.0.1'],
  [['fd00:10:96::/112', '10.96.0.0/16'], 'fd00:10:96::1'],
])('The API server of %j has the address %s', (serviceRanges, address) => {
  expect(apiServerServiceIP({ serviceRanges })).toBe(address)
})

test('A range that is none is refused', () => {
  expect(() => apiServerServiceIP({ serviceRanges: ['10.96.0.0'] })).toThrow(
    'Cannot use the Service range "10.96.0.0"',
  )
})

test('The system priority classes have their values', () => {
  const classes = foundation(facts, 0)
    .map(({ object }) => object)
    .filter((object): object is PriorityClass => object.kind === 'PriorityClass')
  expect(classes.map(({ metadata, value }) => [metadata.name, value])).toEqual([
    ['system-cluster-critical', 2000000000],
    ['system-node-critical', 2000001000],
  ])
})

test('What is right is not mended, what differs is', () => {
  const [service, , slice] = apiServerService(facts, 0)
  const current = structuredClone(service!.object) as Service
  expect(service!.mend(current)).toBe(false)
  current.spec!.ports = []
  expect(service!.mend(current)).toBe(true)
  expect(current.spec?.ports?.[0]?.port).toBe(443)
  expect(slice!.mend(structuredClone(slice!.object))).toBe(false)
})
