import { expect, test } from 'vitest'
import { serviceCIDRs } from './servicecidr.ts'

const ranges = (...cidrs: string[]) => ({ metadata: { name: 'r' }, spec: { cidrs } })
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

test.each([[['10.96.0.0/16']], [['fd00::/112', '10.96.0.0/16']]])('%j is valid', cidrs => {
  expect(serviceCIDRs.validate!(ranges(...cidrs))).toEqual([])
})

test.each([
  [[], 'spec.cidrs: Required value: at least one CIDR required'],
  [
    ['10.0.0.0/24', '10.0.1.0/24'],
    'spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/24","10.0.1.0/24"]}: may specify no more than one IP for ' +
      'each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
  ],
  [
    ['10.0.0.7/24'],
    'spec.cidrs[0]: Invalid value: "10.0.0.7/24": must not have bits set beyond the prefix length',
  ],
])('%j is not', (cidrs, error) => {
  expect(texts(serviceCIDRs.validate!(ranges(...cidrs)))).toEqual([error])
})

test('A second family may be added, and nothing else changed', () => {
  const update = (now: string[], before: string[]) =>
    texts(serviceCIDRs.validateUpdate!(ranges(...now), ranges(...before)))
  expect(update(['10.0.0.0/24', 'fd00::/64'], ['10.0.0.0/24'])).toEqual([])
  expect(update(['10.0.1.0/24'], ['10.0.0.0/24'])).toEqual([
    'spec.cidrs[0]: Invalid value: "10.0.1.0/24": field is immutable',
  ])
  expect(update(['10.0.0.0/24'], ['10.0.0.0/24', 'fd00::/64'])).toEqual([
    'spec.cidrs: Invalid value: ["10.0.0.0/24"]: field is immutable',
  ])
  expect(update(['10.0.1.0/24', 'fd00::/64'], ['10.0.0.0/24'])).toEqual([
    'spec.cidrs[0]: Invalid value: "10.0.1.0/24": field is immutable',
  ])
})
