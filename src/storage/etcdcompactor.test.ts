import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { type FakeCall, FakeGRPCServer } from '../grpc/server.fake.ts'
import { etcdAPI } from './etcdapi.ts'
import { EtcdClient } from './etcdclient.ts'
import { EtcdCompactor } from './etcdcompactor.ts'

/** As much of an etcd as compactors use: one key's version, and where it has been compacted to. */
class CompactedEtcd {
  version = 0
  revision = 100
  readonly compactions: number[] = []

  readonly answer = (call: FakeCall): void => {
    if (call.path === etcdAPI.compact.path) {
      this.compactions.push(etcdAPI.compact.request.decode(call.message).revision)
      call.send(etcdAPI.compact.response.encode({ header: { revision: this.revision } }))
      call.end()
      return
    }
    const { compare } = etcdAPI.txn.request.decode(call.message)
    const succeeded = compare[0]!.version === this.version
    if (succeeded) {
      this.version++
      this.revision++
    }
    const header = { revision: this.revision }
    const responses = succeeded ? [] : [{ range: { kvs: [{ version: this.version }] } }]
    call.send(etcdAPI.txn.response.encode({ header, succeeded, responses }))
    call.end()
  }
}

test('Of several servers one compacts in each interval, to where etcd was at the one before', async () => {
  const etcd = new CompactedEtcd()
  const server = await FakeGRPCServer.start(etcd.answer)
  const clock = new FakeClock()
  const client = new EtcdClient({ endpoints: [server.url], clock })
  const options = { client, clock, log: silentLogger, intervalMs: 300_000 }
  const [one, other] = [new EtcdCompactor(options), new EtcdCompactor(options)]

  expect([await one.run(), await other.run()]).toEqual([undefined, undefined])
  etcd.revision = 200
  expect([await one.run(), await other.run()]).toEqual([101, undefined])
  etcd.revision = 300
  expect([await one.run(), await other.run()]).toEqual([201, undefined])
  // The one is gone: the other takes over.
  etcd.revision = 400
  expect(await other.run()).toBe(301)
  expect(etcd.compactions).toEqual([101, 201, 301])
  client.close()
  await server.stop()
})
