import { afterEach, expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { type FakeCall, FakeGRPCServer } from '../grpc/server.fake.ts'
import { etcdAPI } from './etcdapi.ts'
import { EtcdClient } from './etcdclient.ts'

const servers: FakeGRPCServer[] = []
const clients: EtcdClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const server of servers.splice(0)) await server.stop()
})

/** Members that answer as they are told, and a client of theirs. */
async function clientOf(answers: readonly ((call: FakeCall) => void)[], clock = new FakeClock()) {
  const members = await Promise.all(answers.map(answer => FakeGRPCServer.start(answer)))
  servers.push(...members)
  const client = new EtcdClient({ endpoints: members.map(({ url }) => url), clock })
  clients.push(client)
  return { client, members }
}

const key = Buffer.from('/a')
const get = (client: EtcdClient) =>
  client.call(etcdAPI.range, { key }, { action: 'get /a', isRepeatable: true })
const write = (client: EtcdClient) =>
  client.call(etcdAPI.txn, {}, { action: 'create /a', isRepeatable: false })

const answerAt = (revision: number) => (call: FakeCall) => {
  call.send(etcdAPI.range.response.encode({ header: { revision } }))
  call.end()
}

test('The first member is asked as long as it answers', async () => {
  const { client } = await clientOf([answerAt(1), answerAt(2)])
  for (let time = 0; time < 3; time++) expect((await get(client)).header?.revision).toBe(1)
})

test('A read goes to the next member when one breaks off or has no leader', async () => {
  const { client } = await clientOf([
    call => call.cut(),
    call => call.end(14, 'etcdserver: no leader'),
    answerAt(3),
  ])
  expect((await get(client)).header?.revision).toBe(3)
})

test('A write that has reached a member is not repeated, one that has not is', async () => {
  let asked = 0
  const count = (call: FakeCall) => {
    asked++
    call.cut()
  }
  const { client, members } = await clientOf([count, count])
  const error = await write(client).catch(error => error)
  expect([error.code, error.details.mayHaveHappened]).toEqual(['Unavailable', true])
  expect(error.message).toBe('Cannot tell whether etcd did create /a: the connection was closed')
  expect(asked).toBe(1)

  const [gone, other] = [members[0]!.url, await FakeGRPCServer.start(answerAt(7))]
  servers.push(other)
  await servers.shift()!.stop()
  const second = new EtcdClient({ endpoints: [gone, other.url], clock: new FakeClock() })
  clients.push(second)
  expect((await write(second)).header?.revision).toBe(7)
})

test('What etcd refuses is not tried again', async () => {
  let asked = 0
  const { client } = await clientOf([
    call => {
      asked++
      call.end(11, 'etcdserver: mvcc: required revision has been compacted')
    },
  ])
  const error = await get(client).catch(error => error)
  expect([error.code, asked]).toEqual(['Compacted', 1])
})

test('A call that nobody answers ends after five seconds', async () => {
  const clock = new FakeClock()
  let asked: () => void = () => undefined
  const arrived = new Promise<void>(resolve => {
    asked = resolve
  })
  const { client } = await clientOf([() => asked()], clock)
  const answer = get(client).catch(error => error)
  await arrived
  await clock.advance(5000)
  expect(await answer).toMatchObject({ code: 'Unavailable' })
})
