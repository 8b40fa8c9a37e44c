import { expect, test } from 'vitest'
import { commandNames, findCommand, isCommand } from './index.ts'
import { parseDuration } from './system.ts'

test('Commands are found by name and by path, and nothing else is', () => {
  expect(commandNames).toContain('printenv')
  expect(findCommand('/usr/local/bin/cat')).toBe(findCommand('cat'))
  expect(isCommand('/opt/cat')).toBe(false)
  expect(isCommand('constructor')).toBe(false)
})

test.each([
  ['5', 5],
  ['1.5s', 1.5],
  ['2m', 120],
  ['1h', 3600],
  ['x', undefined],
])('The duration %s is %s seconds', (text, expected) => {
  expect(parseDuration(text)).toBe(expected)
})
