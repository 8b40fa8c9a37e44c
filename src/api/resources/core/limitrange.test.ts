import { expect, test } from 'vitest'
import type { LimitRangeItem } from '../../generated/types.ts'
import { limitRanges } from './limitrange.ts'

const problems = (...limits: LimitRangeItem[]) =>
  limitRanges.validate!({ metadata: { name: 'l' }, spec: { limits } }).map(
    ({ field, message }) => `${field.replace('spec.limits[0].', '')}: ${message}`,
  )

test('Bounds and defaults in order are fine', () => {
  const item = {
    type: 'Container',
    min: { cpu: '100m', memory: '4Mi' },
    max: { cpu: '2', memory: '1Gi' },
    default: { cpu: '500m', memory: '200Mi' },
    defaultRequest: { cpu: '200m', memory: '100Mi' },
    maxLimitRequestRatio: { cpu: '10' },
  }
  expect(problems(item, { type: 'PersistentVolumeClaim', max: { storage: '10Gi' } })).toEqual([])
})

test.each<[Partial<LimitRangeItem>, string[]]>([
  [
    { min: { cpu: '2' }, max: { cpu: '1' } },
    ['min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ],
  [
    { min: { cpu: '1' }, defaultRequest: { cpu: '500m' } },
    ['defaultRequest[cpu]: Invalid value: "500m": min value 1 is greater than default request value 500m'],
  ],
  [
    { max: { cpu: '1' }, defaultRequest: { cpu: '2' } },
    ['defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1'],
  ],
  [
    { default: { cpu: '1' }, defaultRequest: { cpu: '2' } },
    [
      'defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1',
    ],
  ],
  [
    { min: { cpu: '2' }, default: { cpu: '1' } },
    ['default[cpu]: Invalid value: "2": min value 2 is greater than default value 1'],
  ],
  [
    { max: { cpu: '1' }, default: { cpu: '2' } },
    ['default[cpu]: Invalid value: "1": default value 2 is greater than max value 1'],
  ],
  [
    { maxLimitRequestRatio: { cpu: '500m' } },
    ['maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
  ],
  [
    { min: { cpu: '1' }, max: { cpu: '3' }, maxLimitRequestRatio: { cpu: '4' } },
    ['maxLimitRequestRatio[cpu]: Invalid value: "4": ratio 4 is greater than max/min = 3.000000'],
  ],
  [
    { default: { 'example.com/gpu': '2' }, defaultRequest: { 'example.com/gpu': '1' } },
    [
      'defaultRequest[example.com/gpu]: Invalid value: "1": ' +
        'default value 2 must equal to defaultRequest value 1 in example.com/gpu',
    ],
  ],
  [
    { max: { storage: '1Gi' } },
    ['max[storage]: Invalid value: "storage": must be a standard resource for containers'],
  ],
])('Of containers, %j', (item, expected) =>
  expect(problems({ type: 'Container', ...item })).toEqual(expected),
)

test('Pods have no defaults', () => {
  expect(problems({ type: 'Pod', default: { cpu: '1' } })).toEqual([
    "default: Forbidden: may not be specified when `type` is 'Pod'",
  ])
})

test('Claims need a bound for storage', () => {
  expect(problems({ type: 'PersistentVolumeClaim' })).toEqual([
    'limits: Required value: either minimum or maximum storage value is required, but neither was provided',
  ])
})

test('A type is one that Kubernetes knows or has a domain, and comes once', () => {
  expect(problems({ type: 'example.com/Thing' })).toEqual([])
  expect(problems({ type: 'Thing' })).toEqual([
    'type: Invalid value: "Thing": must be a standard limit type or fully qualified',
  ])
  expect(problems({ type: 'Pod' }, { type: 'Pod' })).toEqual(['spec.limits[1].type: Duplicate value: "Pod"'])
})
