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

test('What cannot be read is an error, and says whether a write may have happened', async () => {
  for (const [body, why] of [
    [Buffer.from('not protobuf'), /the answer cannot be read: Cannot read a protobuf message: /],
    [Buffer.alloc(0), /the answer has no revision$/],
  ] as const) {
    const { client } = await clientOf([
      call => {
        call.send(body)
        call.end()
      },
    ])
    const read = await get(client).catch(error => error)
    expect([read.code, read.message]).toEqual(['Unavailable', expect.stringMatching(why)])
    const written = await write(client).catch(error => error)
    expect([written.code, written.details.mayHaveHappened]).toEqual(['Unavailable', true])
  }
})

test('A write that is refused for want of space may have been the one that took the last of it', async () => {
  const { client } = await clientOf([call => call.end(8, 'etcdserver: mvcc: database space exceeded')])
  const error = await write(client).catch(error => error)
  expect([error.code, error.details.mayHaveHappened]).toEqual(['NoSpace', true])
  expect((await get(client).catch(error => error)).details.mayHaveHappened).toBe(undefined)
})

test('A user is told to etcd once, and again when etcd has forgotten the token', async () => {
  const asked: string[] = []
  const known = new Set<string>()
  const server = await FakeGRPCServer.start(call => {
    const token = call.headers['token']
    asked.push(`${call.path.split('/').at(-1)} ${token ?? ''}`.trim())
    if (call.path === etcdAPI.authenticate.path) {
      const { name, password } = etcdAPI.authenticate.request.decode(call.message)
      expect([name, password]).toEqual(['ro:ot', 'p/ss'])
      known.add(`token-${asked.length}`)
      call.send(etcdAPI.authenticate.response.encode({ token: `token-${asked.length}` }))
      call.end()
    } else if (known.has(String(token))) answerAt(3)(call)
    else call.end(16, 'etcdserver: invalid auth token')
  })
  servers.push(server)
  const url = server.url.replace('//', '//ro%3Aot:p%2Fss@')
  const client = new EtcdClient({ endpoints: [url], clock: new FakeClock() })
  clients.push(client)
  await get(client)
  await write(client)
  known.clear()
  await write(client)
  expect(asked).toEqual([
    'Authenticate',
    'Range token-1',
    'Txn token-1',
    'Txn token-1',
    'Authenticate',
    'Txn token-5',
  ])
})
