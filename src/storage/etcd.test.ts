// What test/etcd.test.ts cannot bring about with real servers.
import { afterEach, expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { type FakeCall, FakeGRPCServer } from '../grpc/server.fake.ts'
import { openEtcdStore } from './etcd.ts'
import { etcdAPI } from './etcdapi.ts'
import type { Store } from './store.ts'

let server: FakeGRPCServer | undefined
let store: Store | undefined
afterEach(async () => {
  await store?.close()
  await server?.stop()
})

/** A store of an etcd at revision 5, which answers reads as it is told. */
async function opened(onRange: (call: FakeCall) => void, clock = new FakeClock()) {
  let isOpen = false
  server = await FakeGRPCServer.start(call => {
    if (call.path !== etcdAPI.range.path) return
    if (isOpen) onRange(call)
    else answerAt(call, 5)
  })
  store = await openEtcdStore(server.url, { clock })
  isOpen = true
  return { store, clock }
}

function answerAt(call: FakeCall, revision: number): void {
  call.send(etcdAPI.range.response.encode({ header: { revision } }))
  call.end()
}

test('Who asks for the revision while it is asked for shares the next answer', async () => {
  let asked = 0
  const { store } = await opened(call => answerAt(call, 5 + ++asked))
  const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => store.revision()))
  expect([first, new Set(others), asked]).toEqual([6, new Set([7]), 2])
})

test('When etcd does not answer, nobody waits longer than one call may take', async () => {
  let arrived: () => void = () => undefined
  const asked = new Promise<void>(resolve => {
    arrived = resolve
  })
  const { store, clock } = await opened(() => arrived())
  const codeOf = (work: Promise<unknown>) => work.catch(error => error.code)
  const first = codeOf(store.revision())
  await asked
  const second = codeOf(store.progress())
  await clock.advance(5000)
  expect(await Promise.all([first, second])).toEqual(['Unavailable', 'Unavailable'])
})

test('An etcd that is back at an older revision ends the watches, which begin anew', async () => {
  const { store } = await opened(call => answerAt(call, 3))
  const ends: string[] = []
  await store.watch({
    prefix: '/',
    afterRevision: 5,
    onEvents: () => undefined,
    onEnd: e => ends.push(e.message),
  })
  expect(await Promise.all([store.progress(), store.progress()])).toEqual([3, 3])
  expect(ends).toEqual(['Cannot go on with the watch: etcd is back at revision 3, though it has been at 5'])
})
