import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { defineResource } from '../api/resource.ts'
import type { Transport, WatchHandlers } from '../api/transport.ts'
import { FakeClock } from '../component/clock.ts'
import { Client } from './client.ts'
import { Reflector } from './reflector.ts'

const things = defineResource({
  group: '',
  version: 'v1',
  kind: 'Thing',
  resource: 'things',
  namespaced: true,
})
const thing = (name: string, revision: number): KubeObject => ({
  metadata: { name, resourceVersion: String(revision) },
})

test('A reflector delivers the list and then the changes, and keeps bookmarks to itself', async () => {
  let handlers: WatchHandlers | undefined
  const transport: Transport = {
    request: () => {
      const body = { metadata: { resourceVersion: '10' }, items: [thing('a', 5)] }
      return Promise.resolve({ status: 200, warnings: [], body } as never)
    },
    watch: (_, given) => {
      handlers = given as unknown as WatchHandlers
      return Promise.resolve({ close: () => undefined })
    },
  }
  const journal: string[] = []
  const reflector = new Reflector({
    client: new Client(transport),
    resource: things,
    clock: new FakeClock(),
    onList: (items, revision) => journal.push(`list of ${items.length} at ${revision}`),
    onEvents: events => journal.push(...events.map(({ type, object }) => `${type} ${object.metadata.name}`)),
  })
  expect(reflector.revision).toBe(0)
  reflector.start()
  await new Promise(resolve => setImmediate(resolve))
  handlers?.onEvents([{ type: 'ADDED', object: thing('b', 12) }])
  handlers?.onEvents([{ type: 'BOOKMARK', object: thing('', 20) }])
  expect(journal).toEqual(['list of 1 at 10', 'ADDED b'])
  expect(reflector.revision).toBe(20)
  await reflector.stop()
  handlers?.onEvents([{ type: 'ADDED', object: thing('c', 21) }])
  expect(journal.length).toBe(2)
})
