// Forwarding to other servers: real ones on the loopback addresses, in the order of the host's list.
import { afterEach, describe, expect, test } from 'vitest'
import { reservePort } from '../../../test/ports.ts'
import { systemClock } from '../../component/clock.ts'
import { type IPFamily, loopbackAddress } from '../../ip/family.ts'
import type { Upstream } from './exchange.ts'
import { Forwarder } from './forwarder.ts'
import type { DNSRecord, Question, Reply } from './message.ts'
import type { Answer } from './plugin.ts'
import { DNSServer } from './server.ts'

const servers: DNSServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(answer: (question: Question) => Answer, family: IPFamily = 'IPv4') {
  const address = loopbackAddress[family]
  const asked: string[] = []
  const server = new DNSServer({
    clock: systemClock,
    addresses: [address],
    port: 0,
    answer: question => {
      asked.push(`${question.type} ${question.name}`)
      return answer(question)
    },
  })
  await server.listen()
  servers.push(server)
  return { asked, upstream: { address, port: server.port } }
}

const found = (data: string): Reply => ({
  rcode: 'NOERROR',
  answers: [{ name: 'example.com', type: 'A', ttl: 20, data }],
})
const forwarder = (...upstreams: Upstream[]) => new Forwarder({ clock: systemClock, upstreams })
const question = { name: 'example.com', type: 'A' }

describe.each<IPFamily>(['IPv4', 'IPv6'])('over %s', family => {
  test('an answer is passed on, and not asked for again', async () => {
    const { asked, upstream } = await serve(() => found('192.0.2.1'), family)
    const outside = forwarder(upstream)
    expect(await outside.ask(question)).toMatchObject(found('192.0.2.1'))
    expect(await outside.ask(question)).toMatchObject(found('192.0.2.1'))
    expect(asked).toEqual(['A example.com'])
  })

  test('a long answer is fetched over TCP', async () => {
    const answers = Array.from({ length: 200 }, (_, index) => ({
      name: 'example.com',
      type: 'A',
      ttl: 20,
      data: `192.0.2.${index}`,
    }))
    const { asked, upstream } = await serve(() => ({ rcode: 'NOERROR', answers }), family)
    const reply = await forwarder(upstream).ask(question)
    const last = (record: DNSRecord) => Number(String(record.data).split('.')[3])
    expect([...(reply.answers ?? [])].sort((a, b) => last(a) - last(b))).toEqual(answers)
    expect(asked).toEqual(['A example.com', 'A example.com'])
  })
})

test('the same question is on its way once', async () => {
  const { asked, upstream } = await serve(() => found('192.0.2.1'))
  const outside = forwarder(upstream)
  await Promise.all([outside.ask(question), outside.ask(question), outside.ask(question)])
  expect(asked).toEqual(['A example.com'])
})

test('a server that nobody runs is passed over, and asked last from then on', async () => {
  const gone = { address: loopbackAddress.IPv4, port: await reservePort() }
  const { asked, upstream } = await serve(({ name }) =>
    name === 'x' ? { rcode: 'SERVFAIL' } : found('192.0.2.1'),
  )
  const outside = forwarder(gone, upstream)
  expect(await outside.ask(question)).toMatchObject(found('192.0.2.1'))
  expect(await outside.ask({ name: 'b', type: 'A' })).toMatchObject({ rcode: 'NOERROR' })
  expect(asked).toEqual(['A example.com', 'A b'])
})

test.each<[string, Reply]>([
  ['fails', { rcode: 'SERVFAIL' }],
  ['refuses', { rcode: 'REFUSED' }],
])('a server that %s is passed over for this question', async (_, bad) => {
  const first = await serve(() => bad)
  const second = await serve(() => found('192.0.2.1'))
  expect(await forwarder(first.upstream, second.upstream).ask(question)).toMatchObject(found('192.0.2.1'))
})

test('a name that does not exist is an answer', async () => {
  const first = await serve(() => ({ rcode: 'NXDOMAIN' }))
  const second = await serve(() => found('192.0.2.1'))
  expect(await forwarder(first.upstream, second.upstream).ask(question)).toMatchObject({ rcode: 'NXDOMAIN' })
  expect(second.asked).toEqual([])
})

test('a server that fails for one family only does not spoil the other', async () => {
  const { upstream } = await serve(({ type }) => (type === 'A' ? found('192.0.2.1') : { rcode: 'SERVFAIL' }))
  const outside = forwarder(upstream)
  expect(await outside.ask({ name: 'example.com', type: 'AAAA' })).toMatchObject({ rcode: 'SERVFAIL' })
  await outside.ask({ name: 'example.org', type: 'A' })
  expect(await outside.ask({ name: 'example.org', type: 'AAAA' })).toEqual({ rcode: 'NOERROR' })
})

test('without servers the answer is a failure', async () => {
  expect(await forwarder().ask(question)).toEqual({ rcode: 'SERVFAIL' })
})
