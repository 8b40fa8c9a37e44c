import { expect, test } from 'vitest'
import { generateName } from './generatename.ts'

test('five characters are added, and long bases are cut so that 63 are never exceeded', () => {
  expect(generateName('web-')).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  expect(generateName('x'.repeat(200))).toMatch(/^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('names differ', () => {
  expect(new Set(Array.from({ length: 1000 }, () => generateName('a-'))).size).toBeGreaterThan(990)
})
