// How long answers of others are kept.
import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { ReplyCache } from './cache.ts'
import type { DNSRecord, Reply } from './message.ts'

const question = { name: 'example.com', type: 'A' }
const address = (ttl: number): DNSRecord => ({ name: 'example.com', type: 'A', ttl, data: '192.0.2.1' })
const authority = (ttl: number, minimum: number): DNSRecord => ({
  name: 'com',
  type: 'SOA',
  ttl,
  data: { mname: 'ns', rname: 'me', minimum },
})

test.each<[string, Reply, number]>([
  ['the shortest time of its records', { rcode: 'NOERROR', answers: [address(20), address(10)] }, 10],
  ['half a minute at most', { rcode: 'NOERROR', answers: [address(3600)] }, 30],
  [
    'what the zone says of names that do not exist',
    { rcode: 'NXDOMAIN', authorities: [authority(60, 7)] },
    7,
  ],
  ['the time of the SOA when that is shorter', { rcode: 'NOERROR', authorities: [authority(4, 60)] }, 4],
  ['a second for a failure', { rcode: 'SERVFAIL' }, 1],
  ['not at all when nothing says how long', { rcode: 'NXDOMAIN' }, 0],
  ['not at all when it says so', { rcode: 'NOERROR', answers: [address(0)] }, 0],
])('an answer is kept for %s', async (_, reply, seconds) => {
  const clock = new FakeClock()
  const cache = new ReplyCache({ clock })
  cache.put(question, reply)
  if (seconds > 0) {
    await clock.advance(seconds * 1000 - 1)
    expect(cache.get(question)?.rcode).toBe(reply.rcode)
    await clock.advance(1)
  }
  expect(cache.get(question)).toBeUndefined()
})

test('records age while they are kept', async () => {
  const clock = new FakeClock()
  const cache = new ReplyCache({ clock })
  cache.put(question, { rcode: 'NOERROR', answers: [address(20)] })
  await clock.advance(3500)
  expect(cache.get(question)?.answers).toEqual([address(17)])
})

test('types, and answers with signatures, are kept apart', () => {
  const cache = new ReplyCache({ clock: new FakeClock() })
  cache.put(question, { rcode: 'NOERROR', answers: [address(20)] })
  expect(cache.get({ ...question, type: 'AAAA' })).toBeUndefined()
  expect(cache.get({ ...question, dnssecOk: true })).toBeUndefined()
})

test('the oldest answer makes room for a new one', () => {
  const cache = new ReplyCache({ clock: new FakeClock(), maxEntries: 2 })
  for (const name of ['a', 'b', 'c']) cache.put({ name, type: 'A' }, { rcode: 'SERVFAIL' })
  expect(cache.size).toBe(2)
  expect(cache.get({ name: 'a', type: 'A' })).toBeUndefined()
  expect(cache.get({ name: 'c', type: 'A' })).toBeDefined()
})
