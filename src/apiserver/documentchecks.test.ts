import { expect, test } from 'vitest'
import { hasFields, isAnything, isFlag, isListOf, isOneOf, isText } from './documentchecks.ts'

const check = hasFields({
  required: { kind: isOneOf(['A', 'B']) },
  optional: { names: isListOf(isText), on: isFlag, more: isAnything },
})

test('A document with the fields that there are passes; null is as good as absent', () => {
  for (const document of [
    { kind: 'A' },
    { kind: 'B', names: ['x'], on: false, more: {} },
    { kind: 'A', on: null },
  ]) {
    expect(() => check(document, '')).not.toThrow()
  }
})

test.each([
  [7, '7 is no map of fields'],
  [undefined, 'nothing is no map of fields'],
  [{}, 'kind: it is missing'],
  [{ kind: null }, 'kind: it is missing'],
  [{ kind: 'C' }, 'kind: "C" is not one of A, B'],
  [{ kind: 'A', toString: 1 }, 'toString: unknown field, expected some of names, on, more, kind'],
  [{ kind: 'A', names: 'x' }, 'names: "x" is no list'],
  [{ kind: 'A', names: ['x', 1] }, 'names[1]: 1 is no string'],
  [{ kind: 'A', on: 'yes' }, 'on: "yes" is neither true nor false'],
])('%j is refused: %s', (document, message) => {
  expect(() => check(document, '')).toThrow(new Error(message))
  const prefix = message.includes(':') ? 'a.b.' : 'a.b: '
  expect(() => check(document, 'a.b')).toThrow(new Error(`${prefix}${message}`))
})
