import { expect, test } from 'vitest'
import { parseDuration } from './duration.ts'

test('Durations are read as Go writes them, plain numbers as seconds', () => {
  expect(['90', '90s', '5m', '1m30s', '250ms', '1h'].map(parseDuration)).toEqual([
    90_000, 90_000, 300_000, 90_000, 250, 3_600_000,
  ])
  for (const text of ['', 'm', '5 m', '5x', '-1s']) expect(() => parseDuration(text)).toThrow('Expected')
})
