import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { Audit } from '../audit/audit.ts'
import { compileAuditPolicy } from '../audit/policy.ts'
import { type Reply, ServerRequest } from '../request.ts'
import { auditing } from './audit.ts'

function record(reply: Reply | Error, target = '/api/v1/namespaces/a/pods/p/exec') {
  const lines: string[] = []
  const policy = compileAuditPolicy({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  })
  const audit = new Audit(
    { policy, sink: { lost: 0, write: line => void lines.push(line) } },
    new FakeClock(),
  )
  const request = new ServerRequest({ method: 'POST', target, remoteAddress: '::ffff:192.0.2.7' })
  request.user = { name: 'jane', groups: [] }
  const answered = auditing(audit)(request, async () => {
    if (reply instanceof Error) throw reply
    return reply
  })
  const stages = () =>
    lines.splice(0).map(line => {
      const { stage, responseStatus, sourceIPs } = JSON.parse(line)
      return [stage, responseStatus?.code, ...sourceIPs]
    })
  return { answered, stages }
}

test('A connection that is taken over is recorded when it begins and when it ends', async () => {
  let taken = 0
  const upgrade = () => void taken++
  const { answered, stages } = record({ status: 101, contentType: '', body: [], upgrade })
  const socket = new EventEmitter()
  ;(await answered).upgrade!(socket as Duplex, Buffer.alloc(0))
  expect([taken, stages()]).toEqual([1, [['ResponseStarted', 101, '192.0.2.7']]])
  socket.emit('close')
  await Promise.resolve()
  expect(stages()).toEqual([['ResponseComplete', 101, '192.0.2.7']])
})

test('A refusal of what would have gone on has both stages', async () => {
  const { answered, stages } = record({ status: 429, contentType: 'text/plain', body: Buffer.from('no') })
  expect((await answered).status).toBe(429)
  expect(stages()).toEqual([
    ['ResponseStarted', 429, '192.0.2.7'],
    ['ResponseComplete', 429, '192.0.2.7'],
  ])
})

test('A fault of the server is a panic', async () => {
  const { answered, stages } = record(new TypeError('x is not a function'), '/api/v1/pods')
  await expect(answered).rejects.toThrow(TypeError)
  expect(stages()).toEqual([['Panic', 500, '192.0.2.7']])
})
