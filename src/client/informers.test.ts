import { expect, test } from 'vitest'
import { defineResource } from '../api/resource.ts'
import type { Transport } from '../api/transport.ts'
import { FakeClock } from '../component/clock.ts'
import { Client } from './client.ts'
import { Informers } from './informers.ts'

const core = { group: '', version: 'v1', namespaced: true }
const cats = defineResource({ ...core, kind: 'Cat', resource: 'cats' })
const dogs = defineResource({ ...core, kind: 'Dog', resource: 'dogs' })

function emptyServer() {
  const lists: string[] = []
  const transport: Transport = {
    request: ({ path }) => {
      lists.push(path)
      const body = { metadata: { resourceVersion: '1' }, items: [] }
      return Promise.resolve({ status: 200, warnings: [], body } as never)
    },
    watch: () => Promise.resolve({ close: () => undefined }),
  }
  return { lists, transport }
}

test('There is one informer per resource, and start() waits until all have synced', async () => {
  const { lists, transport } = emptyServer()
  const informers = new Informers({ client: new Client(transport), clock: new FakeClock() })
  expect(informers.peek(cats)).toBeUndefined()
  const informer = informers.of(cats)
  expect(informers.of(cats)).toBe(informer)
  expect(lists).toEqual([])
  await informers.start()
  expect(informer.hasSynced).toBe(true)
  expect(lists).toEqual(['/api/v1/cats'])
  await informers.of(dogs).synced
  expect(lists).toEqual(['/api/v1/cats', '/api/v1/dogs'])
  await informers.stop()
  expect(informers.of(dogs).hasSynced).toBe(true)
})

test('A field selector makes another informer, which holds only what that selects', async () => {
  const queries: unknown[] = []
  const { transport } = emptyServer()
  const request: Transport['request'] = asked => {
    queries.push(asked.query?.['fieldSelector'])
    return transport.request(asked)
  }
  const informers = new Informers({ client: new Client({ ...transport, request }), clock: new FakeClock() })
  const felix = informers.of(cats, 'metadata.name=felix')
  expect(informers.of(cats, 'metadata.name=felix')).toBe(felix)
  expect(informers.peek(cats)).toBeUndefined()
  expect(informers.of(cats)).not.toBe(felix)
  await informers.start()
  expect(queries).toEqual(['metadata.name=felix', undefined])
  await informers.stop()
})
