import { expect, test } from 'vitest'
import { createControllers } from './index.ts'

test('No two controllers have the same name', () => {
  const names = createControllers({ rootCA: 'PEM', nodeIPAM: { clusterCIDRs: ['10.0.0.0/16'] } }).map(
    ({ name }) => name,
  )
  expect(new Set(names).size).toBe(names.length)
  expect(names).toContain('replicaset-controller')
})
