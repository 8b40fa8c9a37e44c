import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import type { TransportRequest } from '../api/transport.ts'
import { Client } from '../client/client.ts'
import { FakeClock } from '../component/clock.ts'
import { ServerAccess, subresourceOf } from './serveraccess.ts'

/** An API server that knows the token `good` and lets `viewer` see metrics. */
function start() {
  const asked: string[] = []
  const clock = new FakeClock()
  const client = new Client({
    async request({ path, body }: TransportRequest) {
      const { spec } = body as { spec: Record<string, unknown> & { resourceAttributes?: object } }
      asked.push(path.replace(/.*\//, ''))
      if (path.endsWith('tokenreviews')) {
        const isGood = spec.token === 'good'
        const user = { username: 'viewer', groups: ['people'] }
        return { status: 201, body: { status: { authenticated: isGood, user } } }
      }
      const allowed = spec.user === 'viewer' && JSON.stringify(spec).includes('"subresource":"metrics"')
      return { status: 201, body: { status: { allowed } } }
    },
    watch: () => Promise.reject(new Error('not asked for')),
  } as unknown as ConstructorParameters<typeof Client>[0])
  return { asked, clock, access: new ServerAccess({ client, clock, nodeName: 'node1' }) }
}

const message = (url: string, from: { subject?: object; token?: string } = {}) =>
  ({
    method: 'GET',
    url,
    headers: from.token ? { authorization: `Bearer ${from.token}` } : {},
    socket: {
      authorized: from.subject !== undefined,
      getPeerCertificate: () => ({ subject: from.subject }),
    },
  }) as unknown as IncomingMessage

test.each([
  ['/stats/summary', 'stats'],
  ['/metrics', 'metrics'],
  ['/metrics/resource', 'metrics'],
  ['/pods', 'pods'],
  ['/healthz/ping', 'healthz'],
  ['/exec/ns/p/c', 'proxy'],
  ['/metricsandmore', 'proxy'],
])('%s is the subresource %s of the node', (path, subresource) => {
  expect(subresourceOf(path)).toBe(subresource)
})

test('Masters may do everything, and nobody is asked about them', async () => {
  const { access, asked } = start()
  await access.check(message('/exec/ns/p/c', { subject: { CN: 'api', O: ['system:masters'] } }))
  expect(asked).toEqual([])
})

test('Whoever shows neither certificate nor token that is known is refused', async () => {
  const { access } = start()
  const text = 'a client certificate of the cluster or a token is required'
  await expect(access.check(message('/metrics'))).rejects.toMatchObject({ code: 401, message: text })
  await expect(access.check(message('/metrics', { token: 'bad' }))).rejects.toMatchObject({ code: 401 })
})

test('The API server says what others may; its answers are kept for a while', async () => {
  const { access, asked, clock } = start()
  for (let time = 0; time < 2; time++) {
    await access.check(message('/metrics/resource?x=1', { token: 'good' }))
    await access.check(message('/metrics', { subject: { CN: 'viewer', O: 'people' } }))
    await expect(access.check(message('/exec/ns/p/c', { token: 'good' }))).rejects.toMatchObject({
      code: 403,
      message: 'Forbidden (user=viewer, verb=get, resource=nodes, subresource=[proxy], name=node1)',
    })
  }
  expect(asked).toEqual(['tokenreviews', 'subjectaccessreviews', 'subjectaccessreviews'])
  await clock.advance(31_000)
  await expect(access.check(message('/pods', { subject: { CN: 'other' } }))).rejects.toMatchObject({
    code: 403,
  })
  await expect(access.check(message('/exec/ns/p/c', { token: 'good' }))).rejects.toThrow('Forbidden')
  await access.check(message('/metrics', { token: 'good' }))
  expect(asked.slice(3)).toEqual(['subjectaccessreviews', 'subjectaccessreviews'])
})
