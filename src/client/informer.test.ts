import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { defineResource } from '../api/resource.ts'
import { StatusError } from '../api/status.ts'
import type { Transport, WatchHandlers } from '../api/transport.ts'
import { FakeClock } from '../component/clock.ts'
import { Client } from './client.ts'
import { Informer, type InformerOptions, splitKey } from './informer.ts'

interface Thing extends KubeObject {
  spec?: { nodeName?: string }
}
const things = defineResource<Thing>({
  group: '',
  version: 'v1',
  kind: 'Thing',
  resource: 'things',
  namespaced: true,
})

const thing = (name: string, revision: number, nodeName?: string): Thing => ({
  metadata: { namespace: 'ns', name, uid: `uid-${name}`, resourceVersion: String(revision) },
  spec: { nodeName },
})

const expired = () =>
  new StatusError({ code: 410, reason: 'Expired', message: 'too old resource version: 1 (9)' })

/** The far end of the wire, played by the test: what a list answers, and the watch that is open. */
class Server implements Transport {
  items: Thing[] = []
  revision = 0
  readonly requests: string[] = []
  watcher: WatchHandlers<Thing> | undefined
  closed = 0
  listError: unknown

  request(): Promise<never> {
    this.requests.push('list')
    if (this.listError) return Promise.reject(this.listError)
    const body = { metadata: { resourceVersion: String(this.revision) }, items: [...this.items] }
    return Promise.resolve({ status: 200, warnings: [], body } as never)
  }

  watch(request: { query?: unknown }, handlers: unknown) {
    const { resourceVersion } = request.query as { resourceVersion: string }
    this.requests.push(`watch from ${resourceVersion}`)
    this.watcher = handlers as WatchHandlers<Thing>
    return Promise.resolve({ close: () => void this.closed++ })
  }

  send(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: Thing) {
    this.watcher?.onEvents([{ type, object }])
  }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

async function started(items: Thing[], options: Partial<InformerOptions<Thing>> = {}) {
  const server = new Server()
  server.items = items
  server.revision = 10
  const clock = new FakeClock()
  const journal: string[] = []
  const informer = new Informer<Thing>({ client: new Client(server), resource: things, clock, ...options })
  informer.addHandlers({
    add: object => journal.push(`add ${object.metadata.name}`),
    update: (object, previous) =>
      journal.push(`update ${object.metadata.name} ${previous.spec?.nodeName}->${object.spec?.nodeName}`),
    delete: object => journal.push(`delete ${object.metadata.name}`),
  })
  informer.start()
  await informer.synced
  await settled()
  return { server, clock, informer, journal }
}

test('An informer lists, watches from the list and tells its handlers what changes', async () => {
  const { server, informer, journal } = await started([thing('a', 5)])
  expect(server.requests).toEqual(['list', 'watch from 10'])
  server.send('ADDED', thing('b', 11, 'n1'))
  server.send('MODIFIED', thing('b', 12, 'n2'))
  server.send('DELETED', thing('a', 13))
  expect(journal).toEqual(['add a', 'add b', 'update b n1->n2', 'delete a'])
  expect(informer.list().map(object => object.metadata.name)).toEqual(['b'])
  expect(informer.get('ns/b')?.spec?.nodeName).toBe('n2')
  expect(informer.resourceVersion).toBe('13')
  await informer.stop()
  expect(server.closed).toBe(1)
})

test('Handlers that come late are told of every known object', async () => {
  const { informer } = await started([thing('a', 5), thing('b', 6)])
  const seen: string[] = []
  const remove = informer.addHandlers({ add: object => seen.push(object.metadata.name ?? '') })
  expect(seen).toEqual(['a', 'b'])
  remove()
})

test('A watch that ends is opened again where it stood, bookmarks included', async () => {
  const { server, clock, journal } = await started([thing('a', 5)])
  server.send('BOOKMARK', { metadata: { resourceVersion: '40' } })
  server.watcher?.onEnd()
  await clock.advance(0)
  expect(server.requests).toEqual(['list', 'watch from 10', 'watch from 40'])
  expect(journal).toEqual(['add a'])
})

test('An expired watch lists again at once and tells the difference', async () => {
  const { server, clock, journal } = await started([thing('a', 5), thing('b', 6), thing('c', 7, 'n1')])
  server.items = [thing('b', 6), thing('c', 15, 'n2'), thing('d', 16)]
  server.revision = 20
  server.watcher?.onEnd(expired())
  await clock.advance(0)
  expect(server.requests).toEqual(['list', 'watch from 10', 'list', 'watch from 20'])
  expect(journal.slice(3)).toEqual(['update c n1->n2', 'add d', 'delete a'])
})

test('Failures are retried with a growing delay', async () => {
  const { server, clock } = await started([])
  server.listError = new Error('connection refused')
  server.watcher?.onEnd(expired())
  await clock.advance(0)
  expect(server.requests.slice(2)).toEqual(['list'])
  await clock.advance(800)
  expect(server.requests.slice(2)).toEqual(['list'])
  await clock.advance(1000)
  expect(server.requests.slice(2)).toEqual(['list', 'list'])
  server.listError = undefined
  await clock.advance(4000)
  expect(server.requests.slice(2)).toEqual(['list', 'list', 'list', 'watch from 10'])
})

test('A watch that ends at once without bringing anything is not hammered', async () => {
  const { server, clock } = await started([])
  server.watcher?.onEnd()
  await settled()
  await clock.advance(700)
  expect(server.requests).toEqual(['list', 'watch from 10'])
  await clock.advance(1000)
  expect(server.requests).toEqual(['list', 'watch from 10', 'watch from 10'])
})

test('Indexes follow the objects', async () => {
  const byNode = (object: Thing) => (object.spec?.nodeName ? [object.spec.nodeName] : [])
  const { server, informer } = await started([thing('a', 5, 'n1')], { indexes: { node: byNode } })
  const names = (node: string) => informer.byIndex('node', node).map(object => object.metadata.name)
  server.send('ADDED', thing('b', 11, 'n1'))
  expect(names('n1')).toEqual(['a', 'b'])
  server.send('MODIFIED', thing('a', 12, 'n2'))
  expect([names('n1'), names('n2')]).toEqual([['b'], ['a']])
  server.send('DELETED', thing('b', 13, 'n1'))
  expect(names('n1')).toEqual([])
  informer.addIndex('namespace', object => [object.metadata.namespace ?? ''])
  expect(informer.byIndex('namespace', 'ns').length).toBe(1)
  expect(() => informer.byIndex('zone', 'x')).toThrow('there is no index zone')
})

test('A noted write is seen at once, and the watch event that follows tells nothing new', async () => {
  const { server, informer, journal } = await started([thing('a', 5, 'n1')])
  informer.noteWrite(thing('a', 11, 'n2'))
  informer.noteWrite(thing('b', 12))
  expect(journal.slice(1)).toEqual(['update a n1->n2', 'add b'])
  server.send('MODIFIED', thing('a', 11, 'n2'))
  server.send('ADDED', thing('b', 12))
  expect(journal.length).toBe(3)
})

test('A noted write that the watch has overtaken does not bring a deleted object back', async () => {
  const { server, informer, journal } = await started([])
  server.send('ADDED', thing('a', 11))
  server.send('DELETED', thing('a', 12))
  informer.noteWrite(thing('a', 11))
  expect(informer.size).toBe(0)
  expect(journal).toEqual(['add a', 'delete a'])
})

test('The deletion of an earlier object does not remove a newer one of the same name', async () => {
  const { server, informer } = await started([thing('a', 5)])
  informer.noteWrite({ ...thing('a', 12), metadata: { ...thing('a', 12).metadata, uid: 'another' } })
  server.send('DELETED', thing('a', 11))
  expect(informer.get('ns/a')?.metadata.uid).toBe('another')
})

test('A failing handler does not keep the others from being told', async () => {
  const { server, informer, journal } = await started([])
  informer.addHandlers({
    add: () => {
      throw new Error('oops')
    },
  })
  server.send('ADDED', thing('a', 11))
  expect(journal).toEqual(['add a'])
})

test('splitKey() takes keys apart', () => {
  expect(splitKey('ns/name')).toEqual({ namespace: 'ns', name: 'name' })
  expect(splitKey('name')).toEqual({ namespace: '', name: 'name' })
})
