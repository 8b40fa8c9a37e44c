import { expect, test } from 'vitest'
import type { PriorityClass } from '../../generated/types.ts'
import { priorityClasses } from './priorityclass.ts'

const told = (name: string, spec: Partial<PriorityClass>) =>
  priorityClasses.validate!({ metadata: { name }, preemptionPolicy: 'Never', value: 1, ...spec }).map(
    ({ field, message }) => `${field}: ${message}`,
  )
const reserved =
  "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "

test.each<[string, Partial<PriorityClass>, string[]]>([
  ['a', { value: 1_000_000_000 }, []],
  ['a', { value: -2_147_483_648 }, []],
  [
    'a',
    { value: 1_000_000_001 },
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  ['system-node-critical', { value: 2_000_001_000 }, []],
  [
    'system-node-critical',
    { value: 5 },
    [`${reserved}value of system-node-critical PriorityClass must be 2000001000`],
  ],
  [
    'system-cluster-critical',
    { value: 2_000_000_000, globalDefault: true },
    [`${reserved}globalDefault of system-cluster-critical PriorityClass must be false`],
  ],
  ['system-x', {}, [`${reserved}system-x is not a known system priority class`]],
  [
    'a',
    { preemptionPolicy: 'Foo' },
    ['preemptionPolicy: Unsupported value: "Foo": supported values: "PreemptLowerPriority", "Never"'],
  ],
])('A class %s with %j is checked as Kubernetes does', (name, spec, errors) => {
  expect(told(name, spec)).toEqual(errors)
})

test('The value of a class stays', () => {
  const before = { metadata: { name: 'a' }, value: 1, preemptionPolicy: 'Never' }
  expect(priorityClasses.validateUpdate!({ ...before, value: 2 }, before)).toMatchObject([
    { field: 'value', message: 'Forbidden: may not be changed in an update.' },
  ])
})
