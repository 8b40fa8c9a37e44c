import { afterEach, expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { type FakeCall, FakeGRPCServer } from '../grpc/server.fake.ts'
import { etcdAPI } from './etcdapi.ts'
import { EtcdClient } from './etcdclient.ts'
import { EtcdKeys } from './etcdkeys.ts'
import { followEtcd } from './etcdwatch.ts'
import type { StoreError, StoreEvent } from './store.ts'

let server: FakeGRPCServer | undefined
let client: EtcdClient | undefined
afterEach(async () => {
  client?.close()
  await server?.stop()
})

type Response = Parameters<typeof etcdAPI.watch.response.encode>[0]

const kv = (key: string, modRevision: number, more: object = {}) => ({
  key: Buffer.from(key),
  value: Buffer.from(`v${modRevision}`),
  createRevision: modRevision,
  modRevision,
  ...more,
})

/** What is told of these answers, until the watch ends. */
async function follow(responses: readonly Response[], end: (call: FakeCall) => unknown = call => call.end()) {
  server = await FakeGRPCServer.start(call => {
    for (const response of responses) call.send(etcdAPI.watch.response.encode(response))
    end(call)
  })
  client = new EtcdClient({ endpoints: [server.url], clock: new FakeClock() })
  const told: string[] = []
  const show = ({ type, key, value, previous }: StoreEvent) =>
    `${type} ${key}=${value}${previous ? ` was ${previous.value}` : ''}`
  const error = await followEtcd({
    client,
    keys: new EtcdKeys('', '/store'),
    afterRevision: 5,
    signal: new AbortController().signal,
    onRevision: (revision, events) => told.push(`${revision}: ${events.map(show).join(', ')}`),
  }).catch(error => error)
  return { told, error: error as StoreError }
}

test('Events are told revision by revision, those of other keys only as a revision', async () => {
  const { told, error } = await follow([
    { created: true, header: { revision: 9 } },
    {
      events: [
        { kv: kv('/store/a', 6) },
        { kv: kv('/store/b', 6) },
        { kv: kv('/elsewhere', 7) },
        { kv: kv('/store/a', 8, { createRevision: 6 }), prevKV: kv('/store/a', 6) },
        {
          type: 1,
          kv: kv('/store/a', 9, { value: Buffer.alloc(0), createRevision: 0 }),
          prevKV: kv('/store/a', 8),
        },
      ],
    },
    // A sign of life: it may overtake events.
    { header: { revision: 20 } },
  ])
  expect(told).toEqual([
    '6: create /a=v6, create /b=v6',
    '7: ',
    '8: update /a=v8 was v6',
    '9: delete /a=v8 was v8',
  ])
  expect([error.code, error.message]).toEqual([
    'Unavailable',
    'Cannot go on with the watch: etcd has ended it',
  ])
})

test('Fragments are put together, and what is not whole is not told', async () => {
  const { told } = await follow(
    [
      { fragment: true, events: [{ kv: kv('/store/a', 6) }] },
      { events: [{ kv: kv('/store/b', 6) }] },
      { fragment: true, events: [{ kv: kv('/store/c', 7) }] },
    ],
    call => setImmediate(() => call.cut()),
  )
  expect(told).toEqual(['6: create /a=v6, create /b=v6'])
})

test('A watch from before the compacted revision ends with that revision', async () => {
  const { told, error } = await follow([
    { created: true, header: { revision: 9 } },
    { canceled: true, compactRevision: 8, cancelReason: 'mvcc: required revision has been compacted' },
  ])
  expect(told).toEqual([])
  expect([error.code, error.details.revision]).toEqual(['Compacted', 8])
})

test('A change whose value before has been compacted ends the watch as Compacted', async () => {
  const { told, error } = await follow([
    { events: [{ kv: kv('/store/a', 6) }, { type: 1, kv: kv('/store/b', 7, { createRevision: 0 }) }] },
  ])
  expect(told).toEqual(['6: create /a=v6'])
  expect(error.code).toBe('Compacted')
})

test('Garbage ends the watch, and what was before it has been told', async () => {
  const good = { events: [{ kv: kv('/store/a', 6) }] }
  for (const [end, message] of [
    [(call: FakeCall) => call.send(Buffer.from('not protobuf')), /^Cannot watch: /],
    [
      (call: FakeCall) => call.send(etcdAPI.watch.response.encode({ events: [{}] })),
      /an event has no revision$/,
    ],
  ] as const) {
    const { told, error } = await follow([good], end)
    expect(told).toEqual(['6: create /a=v6'])
    expect([error.code, error.message]).toEqual(['Unavailable', expect.stringMatching(message)])
    client?.close()
    await server?.stop()
  }
})
