import { afterEach, expect, test } from 'vitest'
import { type Clock, FakeClock, systemClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { type FakeCall, FakeGRPCServer } from '../grpc/server.fake.ts'
import { etcdAPI } from './etcdapi.ts'
import { EtcdClient } from './etcdclient.ts'
import { EtcdFeed } from './etcdfeed.ts'
import { EtcdKeys } from './etcdkeys.ts'
import { StoreError } from './store.ts'
import { WatchHub } from './watchhub.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

const put = (key: string, revision: number) => ({
  kv: { key: Buffer.from(key), value: Buffer.from(key), createRevision: revision, modRevision: revision },
})
const send = (call: FakeCall, response: Parameters<typeof etcdAPI.watch.response.encode>[0]) =>
  call.send(etcdAPI.watch.response.encode(response))

/** A feed from revision 5 on, each of whose watches of etcd is answered by the next of `answers`. */
async function feedOf(
  answers: ((call: FakeCall, startRevision: number) => void)[],
  { newest = 5, clock = systemClock }: { newest?: number; clock?: Clock } = {},
) {
  const server = await FakeGRPCServer.start(call => {
    const { create } = etcdAPI.watch.request.decode(call.message)
    answers.shift()?.(call, create!.startRevision)
  })
  const client = new EtcdClient({ endpoints: [server.url], clock })
  const hub = new WatchHub()
  const seen: string[] = []
  hub.add(
    {
      prefix: '/',
      onEvents: events => seen.push(...events.map(({ key, revision }) => `${key}@${revision}`)),
      onEnd: error => seen.push(`end ${error.code}`),
    },
    5,
    [],
  )
  const own = Buffer.from('/own')
  const feed = new EtcdFeed(
    {
      client,
      keys: new EtcdKeys('', ''),
      clock,
      log: silentLogger,
      hub,
      newest: async () => newest,
      ownValue: ({ key }) => (key === '/own' ? own : undefined),
    },
    5,
  )
  const running = feed.run()
  cleanups.push(async () => {
    feed.stop(new StoreError('Closed', 'closed'))
    client.close()
    await running
    await server.stop()
  })
  const reached = (revision: number) => feed.reached(revision, 60_000)
  return { feed, hub, seen, own, reached }
}

test('After a lost connection the feed goes on behind what it has told', async () => {
  const starts: number[] = []
  const { reached, seen } = await feedOf([
    (call, start) => {
      starts.push(start)
      send(call, { created: true, header: { clusterID: 1 } })
      send(call, { events: [put('/a', 6)] })
      setImmediate(() => call.cut())
    },
    (call, start) => {
      starts.push(start)
      send(call, { created: true, header: { clusterID: 1 } })
      send(call, { events: [put('/b', 7)] })
    },
  ])
  await reached(7)
  expect(starts).toEqual([6, 7])
  expect(seen).toEqual(['/a@6', '/b@7'])
})

test('What etcd has compacted meanwhile ends the watches, and the feed begins where etcd is', async () => {
  const starts: number[] = []
  const { reached, seen, feed } = await feedOf(
    [
      (call, start) => {
        starts.push(start)
        send(call, { canceled: true, compactRevision: 40 })
      },
      (call, start) => {
        starts.push(start)
        send(call, { created: true })
        send(call, { events: [put('/c', 51)] })
      },
    ],
    { newest: 50 },
  )
  await reached(51)
  expect(starts).toEqual([6, 51])
  expect(seen).toEqual(['end Compacted'])
  expect(feed.start).toBe(50)
})

test('Another etcd cluster at the same address is not taken for the old one', async () => {
  const { reached, seen } = await feedOf(
    [
      call => {
        send(call, { created: true, header: { clusterID: 1 } })
        send(call, { events: [put('/a', 6)] })
        setImmediate(() => call.cut())
      },
      call => send(call, { created: true, header: { clusterID: 2 } }),
      call => send(call, { created: true, header: { clusterID: 2 }, events: [put('/b', 10)] }),
    ],
    { newest: 9 },
  )
  await reached(10)
  expect(seen).toEqual(['/a@6', 'end Compacted'])
})

test('Who waits for a revision that does not come is told so in time', async () => {
  const clock = new FakeClock()
  const { feed } = await feedOf([call => send(call, { created: true })], { clock })
  const waiting = feed.reached(8, 2000).catch(error => error)
  await clock.advance(2000)
  expect((await waiting).message).toBe('Cannot see revision 8: the watch of etcd has only come to 5')
})

test('What this process wrote comes back as the very bytes it wrote', async () => {
  const { feed, reached, own } = await feedOf([call => send(call, { events: [put('/own', 6)] })])
  await reached(6)
  expect(feed.after(5, '/')![0]!.value).toBe(own)
})

test('A watch that does not tell what has happened is begun anew, though it has its connection', async () => {
  const clock = new FakeClock()
  const starts: number[] = []
  const { feed, seen } = await feedOf(
    [
      (call, start) => {
        starts.push(start)
        send(call, { created: true })
      },
      (call, start) => {
        starts.push(start)
        send(call, { events: [put('/a', 6)] })
      },
    ],
    { clock },
  )
  let done = false
  const reaching = feed.reached(6, 1e9).finally(() => {
    done = true
  })
  // Slowly enough for sockets, which know nothing of this clock.
  while (!done) await clock.advance(1)
  await reaching
  expect([starts, seen]).toEqual([[6, 6], ['/a@6']])
})
