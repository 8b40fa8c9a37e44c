// The etcd driver against real etcd servers: the Store contract, members that go away and come back, TLS, a
// full database, and compaction behind a watch's back.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../src/component/clock.ts'
import { GRPCChannel } from '../src/grpc/channel.ts'
import { defineMessage, text } from '../src/protobuf/message.ts'
import { storeConformance } from '../src/storage/conformance.ts'
import { type EtcdStoreOptions, openEtcdStore } from '../src/storage/etcd.ts'
import type { Store, StoreError, StoreEvent, WriteOperation } from '../src/storage/store.ts'
import { EtcdServers } from './etcdserver.ts'
import { whyNot } from './needs.ts'

const missing = whyNot(['etcd'])

/** As many requests of etcd's Auth service look. */
const texts = defineMessage({ first: text(1), second: text(2) })

const create = (key: string, value = key): WriteOperation => ({
  type: 'create',
  key,
  value: Buffer.from(value),
})
const failureOf = (work: Promise<unknown>): Promise<StoreError> =>
  work.then(
    () => Promise.reject(new Error('it succeeded')),
    error => error as StoreError,
  )

/** Everything that a watch is given, and a promise of an event of a key, or of one like it. */
async function record(store: Store, afterRevision?: number) {
  const events: StoreEvent[] = []
  const ends: string[] = []
  const waiting: { readonly isWanted: (key: string) => boolean; readonly resolve: () => void }[] = []
  await store.watch({
    prefix: '/',
    ...(afterRevision === undefined ? {} : { afterRevision }),
    onEvents(more) {
      events.push(...more)
      for (const { key } of more) for (const { isWanted, resolve } of waiting) if (isWanted(key)) resolve()
    },
    onEnd: error => void ends.push(error.code),
  })
  const seenAny = (isWanted: (key: string) => boolean) =>
    new Promise<void>(resolve => {
      waiting.push({ isWanted, resolve })
      if (events.some(({ key }) => isWanted(key))) resolve()
    })
  const seen = (wanted: string) => seenAny(key => key === wanted)
  return { events, ends, seen, seenAny, keys: () => events.map(({ key }) => key) }
}

/** From now on etcd asks for a name and a password. */
async function enableAuth(url: string, user: { readonly name: string; readonly password: string }) {
  const { hostname, port } = new URL(url)
  const channel = new GRPCChannel(() => connect({ host: hostname, port: Number(port) }), systemClock)
  const call = (method: string, first: string, second = '') =>
    channel.call({ path: `/etcdserverpb.Auth/${method}`, message: texts.encode({ first, second }) }, 5000)
  await call('UserAdd', user.name, user.password)
  await call('RoleAdd', 'root')
  await call('UserGrantRole', user.name, 'root')
  await call('AuthEnable', '')
  channel.close()
}

/** Tries until it succeeds, at most for so long. */
async function eventually<T>(work: () => Promise<T>, deadline = Date.now() + 60_000): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

/** Of a write whose outcome is not known nobody can say whether it is there, until it is tried again. */
const eventuallyCreated = (store: Store, key: string): Promise<unknown> =>
  eventually(() =>
    store.write([create(key)]).catch(error => {
      if ((error as StoreError).code !== 'KeyExists') throw error
    }),
  )

describe.skipIf(missing)('One etcd member', () => {
  let servers: EtcdServers
  let stores = 0
  const open = (options: EtcdStoreOptions = {}) =>
    openEtcdStore(servers.endpoints.join(','), {
      prefix: { local: '', remote: `/store${stores++}/` },
      timeoutMs: 60_000,
      ...options,
    })
  beforeAll(async () => {
    servers = await EtcdServers.start({ family: 'IPv6' })
  })
  afterAll(() => servers?.stop())

  storeConformance('The etcd driver', open)

  test('Several stores share it: what one writes the others see, and conflicts are found', async () => {
    const prefix = { local: '', remote: '/shared/' }
    const [one, other] = [await open({ prefix }), await open({ prefix })]
    const { keys } = await record(other)
    const revision = await one.write([create('/a', 'one')])
    expect(await other.progress()).toBe(revision)
    expect(keys()).toEqual(['/a'])
    expect((await failureOf(other.write([create('/a', 'other')]))).code).toBe('KeyExists')
    await other.write([{ type: 'update', key: '/a', value: Buffer.from('x'), expectedRevision: revision }])
    const late = one.write([{ type: 'delete', key: '/a', expectedRevision: revision }])
    expect((await failureOf(late)).code).toBe('Conflict')
    await Promise.all([one.close(), other.close()])
  })

  test('A list of many pages is one of one revision', async () => {
    const store = await open()
    const keys = Array.from({ length: 1200 }, (_, index) => `/k/${String(index).padStart(4, '0')}`)
    for (let start = 0; start < keys.length; start += 100) {
      await store.write(keys.slice(start, start + 100).map(key => create(key, key.repeat(40))))
    }
    const [listed, later] = await Promise.all([
      store.list({ prefix: '/k/' }),
      store.write([create('/k/0600x')]),
    ])
    const expected = listed.revision >= later ? [...keys, '/k/0600x'].sort() : keys
    expect(listed.entries.map(({ key }) => key)).toEqual(expected)
    const { entries, remaining } = await store.list({ prefix: '/k/', limit: 700 })
    expect([entries.length, remaining]).toEqual([700, 501])
    const history = await record(store, listed.entries[0]!.revision - 1)
    await store.progress()
    expect(history.keys()).toEqual([...keys, '/k/0600x'])
    await store.close()
  })

  test('More than it takes at once is refused and said', async () => {
    const store = await open()
    const many = Array.from({ length: 129 }, (_, index) => create(`/${index}`))
    const tooMany = await failureOf(store.write(many))
    expect([tooMany.code, tooMany.message]).toEqual([
      'InvalidWrite',
      'Cannot create /0 and 128 more: etcdserver: too many operations in txn request',
    ])
    const tooLarge = await failureOf(store.write([create('/large', 'x'.repeat(1_600_000))]))
    expect([tooLarge.code, tooLarge.message]).toEqual([
      'InvalidWrite',
      'Cannot create /large: etcdserver: request is too large',
    ])
    await store.close()
  })

  test('Servers that share it have it forget the past, and watches go on', async () => {
    const prefix = { local: '', remote: '/forgetful/' }
    const stores = [
      await open({ prefix, compactionIntervalMs: 40 }),
      await open({ prefix, compactionIntervalMs: 40 }),
    ]
    const [one, other] = stores as [Store, Store]
    const { keys, ends } = await record(other)
    const revision = await one.write([create('/a')])
    await eventually(async () => {
      await one.write([{ type: 'create', key: `/b/${keys().length}`, value: Buffer.alloc(0) }])
      const error = await failureOf(one.get('/a', { revision }))
      expect(error.code).toBe('Compacted')
    })
    expect((await one.get('/a'))?.revision).toBe(revision)
    await other.progress()
    const { entries } = await one.list({ prefix: '/' })
    expect([keys().sort(), ends]).toEqual([entries.map(({ key }) => key), []])
    await Promise.all([one.close(), other.close()])
  })

  test('Killed and started again: calls fail in time, watches go on, nothing is lost or told twice', async () => {
    const prefix = { local: '', remote: '/killed/' }
    const [store, other] = [await open({ prefix, timeoutMs: 3000 }), await open({ prefix })]
    const { events, ends, seen, keys } = await record(store)
    await store.write([create('/before')])
    await servers.kill(0)
    const failing = [store.get('/before'), store.progress(), store.write([create('/during')])].map(failureOf)
    for (const error of await Promise.all(failing)) {
      expect(error.code).toBe('Unavailable')
      expect(error.message).toMatch(/: connect ECONNREFUSED ::1:\d+$/)
    }
    await servers.restart(0)
    await eventuallyCreated(other, '/after')
    await seen('/after')
    await eventually(() => store.progress())
    expect([keys(), ends]).toEqual([['/before', '/after'], []])
    expect((await store.get('/after'))?.revision).toBe(events[1]!.revision)
    await Promise.all([store.close(), other.close()])
  })

  // Last: what the others have written is gone.
  test('An etcd that has lost everything is noticed, by writes and by reads', async () => {
    const stores = [await open(), await open()]
    const [one, other] = stores as [Store, Store]
    await one.write([create('/a')])
    const watches = await Promise.all(stores.map(store => record(store)))
    await servers.kill(0)
    servers.empty(0)
    await servers.restart(0)
    expect(await eventually(() => one.write([create('/b')]))).toBe(2)
    expect(await eventually(() => other.progress())).toBe(2)
    expect(watches.map(({ ends }) => ends)).toEqual([['Unavailable'], ['Unavailable']])
    const { seen } = await record(one)
    await one.write([create('/c')])
    await seen('/c')
    await Promise.all(stores.map(store => store.close()))
  })
})

describe.skipIf(missing)('One etcd member with TLS and little room', () => {
  let servers: EtcdServers
  beforeAll(async () => {
    servers = await EtcdServers.start({
      family: 'IPv4',
      tls: true,
      flags: ['--quota-backend-bytes', String(4 * 1024 * 1024)],
    })
  })
  afterAll(() => servers?.stop())

  test('A certificate is asked for and shown, on both sides', async () => {
    const [endpoint] = servers.endpoints as [string]
    const { caFile, certFile, keyFile } = servers.files!
    const store = await openEtcdStore(endpoint, { caFile, certFile, keyFile })
    expect(await store.write([create('/a')])).toBe(2)
    expect((await store.get('/a'))?.value.toString()).toBe('/a')
    await store.close()
    const unknown = await failureOf(openEtcdStore(endpoint, { certFile, keyFile, timeoutMs: 3000 }))
    expect(unknown.message).toBe('Cannot reach etcd: unable to verify the first certificate')
    const nobody = await failureOf(openEtcdStore(endpoint, { caFile, timeoutMs: 3000 }))
    expect(nobody.message).toMatch(
      /^Cannot reach etcd: .*(bad certificate|certificate required|socket|closed)/i,
    )
  })

  test('A full database refuses writes as NoSpace, and is read as before', async () => {
    const [endpoint] = servers.endpoints as [string]
    const store = await openEtcdStore(endpoint, { ...servers.files, timeoutMs: 60_000 })
    let written = 0
    /** Writes until it is refused. */
    const fill = async (bytes: number) => {
      for (;;) {
        await store.write([create(`/fill/${written}`, 'x'.repeat(bytes))])
        written++
      }
    }
    const full = await failureOf(fill(500_000))
    // Etcd does the write that fills it, and refuses it in the words of those that it does not do.
    expect([full.code, full.details.mayHaveHappened]).toEqual(['NoSpace', true])
    expect(written).toBeGreaterThan(3)
    written++
    // Once the members have agreed on the alarm, small ones are refused too.
    expect((await failureOf(fill(1))).code).toBe('NoSpace')
    const { entries, remaining } = await store.list({ prefix: '/fill/', limit: 0 })
    expect(entries).toEqual([])
    expect([written - 1, written, written + 1]).toContain(remaining)
    await store.close()
  })
})

describe.skipIf(missing)('One etcd member that wants to know who asks', () => {
  let servers: EtcdServers
  beforeAll(async () => {
    servers = await EtcdServers.start({ family: 'IPv4' })
    await enableAuth(servers.endpoints[0]!, { name: 'root', password: 'p@ss' })
  })
  afterAll(() => servers?.stop())

  test('A name and a password stand in the URL; who has none, or a wrong one, is refused', async () => {
    const endpoint = (user: string) => servers.endpoints[0]!.replace('//', `//${user}`)
    const store = await openEtcdStore(endpoint('root:p%40ss@'))
    const { seen } = await record(store)
    await store.write([create('/a')])
    await seen('/a')
    // What a member knows of tokens it forgets.
    await servers.kill(0)
    await servers.restart(0)
    await eventually(() => store.write([create('/b')]))
    await seen('/b')
    await store.close()
    for (const [user, why] of [
      ['', 'etcdserver: user name is empty'],
      ['root:wrong@', 'etcdserver: authentication failed, invalid user ID or password'],
    ] as const) {
      expect((await failureOf(openEtcdStore(endpoint(user)))).message).toBe(`Cannot reach etcd: ${why}`)
    }
  })
})

describe.skipIf(missing)('Three etcd members', () => {
  let servers: EtcdServers
  beforeAll(async () => {
    servers = await EtcdServers.start({ family: 'IPv6', members: 3 })
  })
  afterAll(() => servers?.stop())

  /** Writes keys one after the other until it is stopped; tells which writes were acknowledged, and which may have been. */
  async function load(store: Store, name: string, signal: AbortSignal) {
    const acknowledged: string[] = []
    const unknown: string[] = []
    for (let count = 0; !signal.aborted; count++) {
      const key = `/load/${name}/${count}`
      try {
        await store.write([create(key)])
        acknowledged.push(key)
      } catch (error) {
        if ((error as StoreError).code !== 'Unavailable') throw error
        unknown.push(key)
      }
    }
    return { acknowledged, unknown }
  }

  test('The one in use is killed under load: no acknowledged write is lost, none is told twice', async () => {
    // A member without a leader keeps a write for longer than this.
    const store = await openEtcdStore(servers.endpoints.join(','), { timeoutMs: 1500 })
    const { seenAny, events, ends } = await record(store)
    const stopping = new AbortController()
    const writers = ['a', 'b', 'c', 'd'].map(name => load(store, name, stopping.signal))
    const countOf = (key: string) => Number(/^\/load\/a\/(\d+)$/.exec(key)?.[1] ?? -1)
    await seenAny(key => countOf(key) >= 20)
    await servers.kill(0)
    const behind = Math.max(...events.map(({ key }) => countOf(key)))
    await seenAny(key => countOf(key) > behind + 20)
    stopping.abort()
    const outcomes = await Promise.all(writers)
    // What nobody knows of may still happen later.
    const { entries, revision } = await eventually(() => store.list({ prefix: '/load/' }))
    await eventually(() => store.progress())
    const acknowledged = outcomes.flatMap(outcome => outcome.acknowledged)
    const keys = events.filter(event => event.revision <= revision).map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(acknowledged.filter(key => !keys.includes(key))).toEqual([])
    const possible = new Set([...acknowledged, ...outcomes.flatMap(outcome => outcome.unknown)])
    expect(keys.filter(key => !possible.has(key))).toEqual([])
    expect(entries.map(({ key }) => key)).toEqual(keys.sort())
    expect(ends).toEqual([])
    await store.close()
    await servers.restart(0)
  })

  test('One that hangs is left for another, by calls and by the watch', async () => {
    const endpoints = servers.endpoints.join(',')
    const store = await eventually(() => openEtcdStore(endpoints, { timeoutMs: 500 }))
    const { seen } = await record(store)
    const other = await openEtcdStore(servers.endpoints.slice(1).join(','))
    await eventuallyCreated(other, '/hang/before')
    servers.pause(0)
    expect((await eventually(() => store.get('/hang/before')))?.key).toBe('/hang/before')
    await eventuallyCreated(other, '/hang/during')
    await seen('/hang/during')
    servers.resume(0)
    await Promise.all([store.close(), other.close()])
  })
})
