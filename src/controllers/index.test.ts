import { expect, test } from 'vitest'
import { createControllers } from './index.ts'

test('No two controllers have the same name', () => {
  const names = createControllers().map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toContain('replicaset-controller')
})
