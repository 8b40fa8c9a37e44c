import { expect, test } from 'vitest'
import type { Container } from '../../../generated/types.ts'
import { formatQuantity } from '../../../meta/quantity.ts'
import { aggregateRequests } from './aggregate.ts'

const asking = (cpu: string, restartPolicy?: string): Container => ({
  name: 'c',
  resources: { requests: { cpu } },
  ...(restartPolicy && { restartPolicy }),
})
const cpuOf = (containers: Container[], initContainers: Container[] = []) =>
  formatQuantity(aggregateRequests({ containers, initContainers }).get('cpu')!)

test('containers add up, and one that runs first counts when it needs more', () => {
  expect(cpuOf([asking('500m'), asking('1')])).toBe('1500m')
  expect(cpuOf([asking('500m')], [asking('200m'), asking('2')])).toBe('2')
  expect(cpuOf([asking('500m')], [asking('200m')])).toBe('500m')
})

test('sidecars run beside both', () => {
  expect(cpuOf([asking('1')], [asking('1', 'Always'), asking('3')])).toBe('4')
  expect(cpuOf([asking('3')], [asking('1', 'Always'), asking('1')])).toBe('4')
})
