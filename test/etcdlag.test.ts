// Reads through several API servers when the watch of one lags: what another has written is read all the
// same, and what is told never goes backwards. Then random work of many clients through servers whose
// connections break and whose watches stop, held against what one copy of the objects could have shown.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigMap } from '../src/api/generated/types.ts'
import { configMaps } from '../src/api/resources/core/configmap.ts'
import { isNotFound, StatusError } from '../src/api/status.ts'
import type { Client } from '../src/client/client.ts'
import { type Cluster, startAPIServer } from '../src/index.ts'
import { EtcdProxy } from './etcdproxy.ts'
import { EtcdServers } from './etcdserver.ts'
import { contradictions, type Operation, type Written } from './linearizable.ts'
import { whyNot } from './needs.ts'

const namespace = 'default'

test('The check finds reads that are too old, writes that are lost or doubled, and lists of two times', () => {
  const history = [
    { revision: 2, key: 'a', value: '1' },
    { revision: 3, key: 'b', value: '2' },
    { revision: 4, key: 'a', value: undefined },
  ]
  const [first, second, gone] = history as [Written, Written, Written]
  const at = (began: number, ended = began) => ({ began, ended })
  const check = (...operations: Operation[]) =>
    contradictions(operations, history).map(text => text.split(':')[0])
  const deleted: Operation = { ...at(1), type: 'write', written: gone }
  expect(check({ ...at(1, 3), type: 'get', key: 'a', found: first }, { ...deleted, ...at(2) })).toEqual([])
  expect(check(deleted, { ...at(2), type: 'get', key: 'a', found: first })).toEqual([
    'it was not so at or after revision 4',
  ])
  expect(check(deleted, { ...at(2), type: 'list', revision: 3, found: [first, second] })).toEqual([
    'it is older than revision 4, which was known',
  ])
  expect(check({ ...at(2), type: 'list', revision: 4, found: [first, second] })).toEqual([
    'there was something else',
  ])
  expect(check({ ...at(1), type: 'write', written: { revision: 5, key: 'c', value: '3' } })).toEqual([
    'it was lost',
    'it happened twice',
  ])
  expect(check({ ...at(1), type: 'failure', value: '1', mayHaveHappened: false })).toEqual([
    'it happened 1 times',
  ])
})

const revisionOf = ({ metadata }: ConfigMap) => Number(metadata.resourceVersion)
const writtenOf = (object: ConfigMap): Written => ({
  revision: revisionOf(object),
  key: object.metadata.name!,
  value: object.data?.['value'],
})

/** What a watch tells, and a promise of an object's coming. */
async function follow(client: Client, resourceVersion: string) {
  const seen: Written[] = []
  const ends: unknown[] = []
  let waiting: { readonly name: string; readonly come: () => void } | undefined
  await client.watch(
    configMaps,
    { namespace, resourceVersion },
    {
      onEvents(events) {
        for (const { type, object } of events) {
          seen.push({ ...writtenOf(object), ...(type === 'DELETED' ? { value: undefined } : {}) })
          if (object.metadata.name === waiting?.name) waiting?.come()
        }
      },
      onEnd: error => void ends.push(error),
    },
  )
  const come = (name: string) =>
    new Promise<void>(resolve => {
      waiting = { name, come: resolve }
      if (seen.some(({ key }) => key === name)) resolve()
    })
  return { seen, ends, come }
}

const missing = whyNot(['etcd'])

describe.skipIf(missing)('Three API servers, two of them behind a bad network to etcd', () => {
  const stateRoot = mkdtempSync(join(tmpdir(), 'futago-lag-'))
  let etcd: EtcdServers
  let proxies: EtcdProxy[]
  let servers: Cluster[]
  const start = (name: string, url: string) =>
    startAPIServer(
      { name, store: `etcd:${url}`, securePort: 0, certDir: join(stateRoot, 'keys') },
      { stateRoot },
    )
  beforeAll(async () => {
    etcd = await EtcdServers.start({ family: 'IPv6' })
    const [endpoint] = etcd.endpoints as [string]
    proxies = [await EtcdProxy.start(endpoint), await EtcdProxy.start(endpoint)]
    servers = [await start('a', endpoint)]
    for (const [index, proxy] of proxies.entries()) servers.push(await start(`bc`[index]!, proxy.url))
  })
  afterAll(async () => {
    await Promise.all((servers ?? []).map(server => server.stop()))
    await Promise.all((proxies ?? []).map(proxy => proxy.stop()))
    await etcd?.stop()
    rmSync(stateRoot, { recursive: true, force: true })
  })

  test('What one has written another lists, though its watch tells nothing, and a watch goes on from there', async () => {
    const [{ client: a }, { client: b }] = servers as [Cluster, Cluster]
    const { metadata } = await b.list(configMaps, { namespace })
    const watching = await follow(b, metadata.resourceVersion!)
    proxies[0]!.hold()
    const made = await a.create(configMaps, { metadata: { namespace, name: 'made' }, data: { value: 'x' } })
    const known = await b.list(configMaps, { namespace, resourceVersion: '0' })
    expect(known.items.map(({ metadata }) => metadata.name)).not.toContain('made')
    const listed = await b.list(configMaps, { namespace })
    expect(listed.items.map(writtenOf)).toContainEqual(writtenOf(made))
    expect(Number(listed.metadata.resourceVersion)).toBeGreaterThanOrEqual(revisionOf(made))
    const later = await Promise.all([a, b].map(client => follow(client, listed.metadata.resourceVersion!)))
    const next = await a.create(configMaps, { metadata: { namespace, name: 'next' }, data: { value: 'y' } })
    for (const { come, seen } of later) {
      await come('next')
      expect(seen).toEqual([writtenOf(next)])
    }
    await watching.come('next')
    expect(watching.seen).toEqual([writtenOf(made), writtenOf(next)])
    expect(watching.ends).toEqual([])
  })

  test('Random work through all of them, while connections break, could be that of one copy', async () => {
    const clients = servers.map(({ client }) => client)
    const [a] = clients as [Client]
    const { metadata } = await a.list(configMaps, { namespace })
    const truth = await follow(a, metadata.resourceVersion!)
    const others = await Promise.all(
      clients.slice(1).map(client => follow(client, metadata.resourceVersion!)),
    )
    const work = new RandomWork(clients, proxies)
    await work.run({ workers: 8, rounds: 60 })
    await a.create(configMaps, { metadata: { namespace, name: 'last' } })
    // Who reads notices that a watch is silent; otherwise that takes some seconds more.
    await Promise.all(clients.map(client => client.list(configMaps, { namespace })))
    for (const { come } of [truth, ...others]) await come('last')
    const known = new Set(work.keys)
    const written = truth.seen.filter(({ key }) => known.has(key))
    expect(contradictions(work.operations, written)).toEqual([])
    for (const { seen, ends } of others) {
      expect(seen).toEqual(truth.seen)
      expect(ends).toEqual([])
    }
    const count = (type: Operation['type']) => work.operations.filter(other => other.type === type).length
    expect([count('write') > 50, count('get') > 50, count('list') > 20]).toEqual([true, true, true])
  })
})

class RandomWork {
  readonly keys = ['a', 'b', 'c', 'd'].map(key => `work-${key}`)
  readonly operations: Operation[] = []
  readonly #clients: readonly Client[]
  readonly #proxies: readonly EtcdProxy[]
  #time = 0
  #values = 0
  #steps = 0

  constructor(clients: readonly Client[], proxies: readonly EtcdProxy[]) {
    this.#clients = clients
    this.#proxies = proxies
  }

  async run({ workers, rounds }: { readonly workers: number; readonly rounds: number }): Promise<void> {
    const worker = async () => {
      for (let round = 0; round < rounds; round++) {
        await this.#step()
        if (++this.#steps % 40 === 0) this.#disturb()
      }
    }
    await Promise.all(Array.from({ length: workers }, worker))
  }

  /** A watch that is held back costs two seconds until that is noticed: twice in all. */
  #disturb(): void {
    const proxy = any(this.#proxies)
    if (this.#steps % 200 === 0) proxy.hold()
    else proxy.cut()
  }

  #step(): Promise<unknown> {
    const [client, key] = [any(this.#clients), any(this.keys)]
    return any([
      () => this.#get(client, key),
      () => this.#list(client),
      () => this.#create(client, key),
      () => this.#update(client, key),
      () => this.#update(client, key),
      () => this.#delete(client, key),
    ])()
  }

  async #get(client: Client, key: string): Promise<ConfigMap | undefined> {
    const began = ++this.#time
    try {
      const found = await client.get(configMaps, { namespace, name: key })
      this.operations.push({ began, ended: ++this.#time, type: 'get', key, found: writtenOf(found) })
      return found
    } catch (error) {
      if (isNotFound(error)) {
        this.operations.push({ began, ended: ++this.#time, type: 'get', key, found: undefined })
      } else expectAway(error)
      return undefined
    }
  }

  async #list(client: Client): Promise<void> {
    const began = ++this.#time
    try {
      const { items, metadata } = await client.list(configMaps, { namespace })
      const found = items.map(writtenOf).filter(({ key }) => this.keys.includes(key))
      const revision = Number(metadata.resourceVersion)
      this.operations.push({ began, ended: ++this.#time, type: 'list', revision, found })
    } catch (error) {
      expectAway(error)
    }
  }

  #create(client: Client, key: string): Promise<void> {
    return this.#write(data => client.create(configMaps, { metadata: { namespace, name: key }, data }))
  }

  async #update(client: Client, key: string): Promise<void> {
    const found = await this.#get(client, key)
    if (found) await this.#write(data => any(this.#clients).update(configMaps, { ...found, data }))
  }

  async #write(send: (data: { readonly value: string }) => Promise<ConfigMap>): Promise<void> {
    const began = ++this.#time
    const value = `value ${++this.#values}`
    try {
      const written = writtenOf(await send({ value }))
      this.operations.push({ began, ended: ++this.#time, type: 'write', written })
    } catch (error) {
      const isRefused = error instanceof StatusError && [404, 409].includes(error.code)
      if (!isRefused) expectAway(error)
      const mayHaveHappened = !isRefused
      this.operations.push({ began, ended: ++this.#time, type: 'failure', value, mayHaveHappened })
    }
  }

  /** Its outcome shows in what others read. */
  async #delete(client: Client, key: string): Promise<void> {
    try {
      await client.delete(configMaps, { namespace, name: key })
    } catch (error) {
      if (!isNotFound(error)) expectAway(error)
    }
  }
}

const any = <T>(choices: readonly T[]): T => choices[Math.floor(Math.random() * choices.length)]!

/** A server that does not reach its etcd says so, and nothing else. */
function expectAway(error: unknown): void {
  expect(error).toBeInstanceOf(StatusError)
  expect([409, 500, 503, 504]).toContain((error as StatusError).code)
}
