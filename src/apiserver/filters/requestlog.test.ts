import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { type LogFields, silentLogger } from '../../component/log.ts'
import { textReply } from '../reply.ts'
import { ServerRequest } from '../request.ts'
import { requestLog } from './requestlog.ts'

async function logged(target: string, tookMs: number, status = 200) {
  const clock = new FakeClock()
  const lines: [string, string, LogFields | undefined][] = []
  const note = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push([level, message, fields])
  const log = { ...silentLogger, debug: note('debug'), info: note('info') }
  const request = new ServerRequest({ method: 'GET', target, headers: { 'audit-id': 'a1' } })
  request.user = { name: 'jane', groups: [] }
  await requestLog(log, clock)(request, async () => {
    await clock.advance(tookMs)
    return textReply(status, '')
  })
  return lines
}

test('Every request is told in detail, without its query, to who asks for details', async () => {
  expect(await logged('/api/v1/pods?limit=5', 12, 403)).toEqual([
    [
      'debug',
      'answered',
      { method: 'GET', path: '/api/v1/pods', status: 403, durationMs: 12, user: 'jane', id: 'a1' },
    ],
  ])
})

test('A slow request is told to everybody, a watch is not slow', async () => {
  expect((await logged('/api/v1/pods', 500)).map(([level, message]) => [level, message])).toEqual([
    ['info', 'a request took long'],
  ])
  expect((await logged('/api/v1/pods?watch=true', 60_000)).map(([level]) => level)).toEqual(['debug'])
})
