import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { ServerRequest } from '../request.ts'
import { parseDurationMs, timeout } from './timeout.ts'

const never = () => new Promise<never>(() => undefined)

async function endOf(target: string, afterMs: number): Promise<string> {
  const clock = new FakeClock()
  let end = 'open'
  timeout(clock)(new ServerRequest({ method: 'GET', target }), never).catch(error => {
    end = `${error.code} ${error.message}`
  })
  await clock.advance(afterMs)
  return end
}

test('A request that takes longer than a minute is answered 504', async () => {
  expect(await endOf('/api/v1/pods', 59_999)).toBe('open')
  expect(await endOf('/api/v1/pods', 60_000)).toBe(
    '504 Timeout: request did not complete within the allotted timeout',
  )
})

test('A client may ask for less time, and never gets more', async () => {
  expect(await endOf('/api/v1/pods?timeout=1.5s', 1500)).toContain('504')
  expect(await endOf('/api/v1/pods?timeout=2h', 60_000)).toContain('504')
  expect(await endOf('/api/v1/pods?timeout=soon', 0)).toContain(
    '400 invalid timeout specified in the request URL',
  )
})

test('A watch is not cut off', async () => {
  expect(await endOf('/api/v1/pods?watch=true', 600_000)).toBe('open')
})

test.each([
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['-1s', -1000],
  ['0', 0],
  ['5', undefined],
  ['', undefined],
  ['1s x', undefined],
])('The duration %j is %j ms', (text, expected) => {
  expect(parseDurationMs(text)).toBe(expected)
})
