import { expect, test } from 'vitest'
import { internal, notFound } from '../../api/status.ts'
import { type LogFields, silentLogger } from '../../component/log.ts'
import { ServerRequest } from '../request.ts'
import { recover } from './recover.ts'

async function answer(error: unknown) {
  const lines: LogFields[] = []
  const log = { ...silentLogger, error: (_: string, fields: LogFields = {}) => void lines.push(fields) }
  const request = new ServerRequest({ method: 'GET', target: '/a', headers: { 'audit-id': 'id-1' } })
  const reply = await recover(log)(request, async () => {
    throw error
  })
  return { status: reply.status, body: JSON.parse(String(reply.body)), lines }
}

test('A StatusError is answered as it is and not logged', async () => {
  const { status, body, lines } = await answer(notFound({ group: '', resource: 'pods' }, 'p'))
  expect([status, body.message, lines.length]).toEqual([404, 'pods "p" not found', 0])
})

test('So is a fault that has words for the client; its cause goes to the log', async () => {
  const { body, lines } = await answer(internal(new Error('secret'), 'the storage is full'))
  expect(body.message).toBe('the storage is full')
  expect(String(lines[0]!['error'])).toContain('secret')
})

test.each([[new TypeError('x is not a function')], [internal(new Error('disk on fire'))], ['a string']])(
  'A fault is answered without its cause, which goes to the log with the request id',
  async error => {
    const { status, body, lines } = await answer(error)
    expect(status).toBe(500)
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: "Internal error occurred: see the server's log for request id-1",
      reason: 'InternalError',
      code: 500,
    })
    expect(lines[0]).toMatchObject({ method: 'GET', path: '/a', id: 'id-1' })
  },
)

test('A stack that overflows over what was sent is the fault of who sent it', async () => {
  const forever = (): number => forever() + 1
  let overflow: unknown
  try {
    forever()
  } catch (error) {
    overflow = error
  }
  const { status, body } = await answer(overflow)
  expect([status, body.message]).toEqual([400, 'the object is nested too deeply, or too much of it is wrong'])
})
