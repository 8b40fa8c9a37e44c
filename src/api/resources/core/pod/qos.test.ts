import { expect, test } from 'vitest'
import type { ResourceRequirements } from '../../../generated/types.ts'
import { podQOS } from './qos.ts'

const classOf = (...all: ResourceRequirements[]) =>
  podQOS({ containers: all.map((resources, index) => ({ name: `c${index}`, resources })) })

test('limits that equal requests everywhere guarantee', () => {
  const full = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }
  expect(classOf(full)).toBe('Guaranteed')
  expect(classOf(full, full)).toBe('Guaranteed')
  expect(classOf(full, {})).toBe('Burstable')
  expect(classOf({ ...full, requests: { cpu: '1', memory: '1Mi' } })).toBe('Burstable')
})

test('who asks for nothing gets what is left', () => {
  expect(classOf({}, {})).toBe('BestEffort')
  expect(classOf({ requests: { 'example.com/gpu': '1' } })).toBe('BestEffort')
  expect(classOf({ requests: { cpu: '0' } })).toBe('BestEffort')
})

test('the rest is burstable', () => {
  expect(classOf({ requests: { cpu: '1m' } })).toBe('Burstable')
  expect(classOf({ limits: { cpu: '1' }, requests: { cpu: '1' } })).toBe('Burstable')
})

test('what the Pod asks for as a whole counts instead of its containers', () => {
  const amounts = { cpu: '1', memory: '1Gi' }
  const spec = { containers: [{ name: 'c' }], resources: { limits: amounts, requests: amounts } }
  expect(podQOS(spec)).toBe('Guaranteed')
})
