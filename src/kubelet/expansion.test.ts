import { expect, test } from 'vitest'
import { expandReferences } from './expansion.ts'

const values = new Map([
  ['A', '1'],
  ['EMPTY', ''],
])

test.each([
  ['plain', 'plain'],
  ['$(A)-$(A)', '1-1'],
  ['[$(EMPTY)]', '[]'],
  ['$(UNKNOWN)', '$(UNKNOWN)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$1'],
  ['$A $(A', '$A $(A'],
  ['trailing $', 'trailing $'],
])('%s becomes %s', (text, expected) => {
  expect(expandReferences(text, name => values.get(name))).toBe(expected)
})

test('What opens a reference again and again is read once', () => {
  const text = '$('.repeat(1_000_000)
  expect(expandReferences(text, () => '') === text).toBe(true)
  expect(expandReferences(`${text}A)`, () => '1')).toBe('1')
})
