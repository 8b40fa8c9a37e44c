import { expect, test } from 'vitest'
import { withoutTrailing } from './text.ts'

test('withoutTrailing() takes all of one character from the end, and only there', () => {
  expect(['a//', '//a', '///', '', 'a/b'].map(text => withoutTrailing(text, '/'))).toEqual([
    'a',
    '//a',
    '',
    '',
    'a/b',
  ])
  expect(withoutTrailing(`${'/'.repeat(3_000_000)}x`, '/')).toHaveLength(3_000_001)
})
