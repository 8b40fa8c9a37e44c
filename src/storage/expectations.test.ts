import { expect, test } from 'vitest'
import { checkExpectation, checkOperations } from './expectations.ts'
import type { WriteOperation } from './store.ts'

const create: WriteOperation = { type: 'create', key: '/a', value: Buffer.alloc(0) }
const update: WriteOperation = { ...create, type: 'update', expectedRevision: 5 }

test('An operation finds what it expects or says what it found instead', () => {
  expect(() => checkExpectation(create, 0, undefined)).not.toThrow()
  expect(() => checkExpectation(update, 0, 5)).not.toThrow()
  expect(() => checkExpectation(create, 0, 7)).toThrow('Cannot create /a: it exists with revision 7')
  expect(() => checkExpectation(update, 0, undefined)).toThrow('Cannot update /a: there is no such key')
  expect(() => checkExpectation(update, 0, 7)).toThrow('Cannot update /a: its revision is 7, expected 5')
})

test('A write has operations, with one key each, and not one key twice', () => {
  expect(() => checkOperations([create])).not.toThrow()
  expect(() => checkOperations([])).toThrow('there are no operations')
  expect(() => checkOperations([{ ...create, key: '' }])).toThrow('a key is empty')
  expect(() => checkOperations([create, update])).toThrow('Cannot write /a twice in one write')
  expect(() => checkOperations(Array(65_536).fill(create))).toThrow('expected at most 65535')
})
