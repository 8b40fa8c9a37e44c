import { expect, test } from 'vitest'
import { defineResource } from '../../api/resource.ts'
import type { StoredList, StoredObject } from '../registry/registry.ts'
import { listBytes } from './listbytes.ts'

const resource = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'Thing',
  resource: 'things',
  namespaced: true,
})

const textOf = (list: StoredList) => Buffer.concat(listBytes(resource, list)).toString()
const stored = (text: string) => ({ bytes: Buffer.from(text) }) as StoredObject

test('A list holds its items without kind and apiVersion', () => {
  const items = ['a', 'b'].map(name =>
    stored(`{"kind":"Thing","apiVersion":"apps/v1","metadata":{"resourceVersion":"7","name":"${name}"}}`),
  )
  expect(textOf({ items, resourceVersion: '9' })).toBe(
    '{"kind":"ThingList","apiVersion":"apps/v1","metadata":{"resourceVersion":"9"},"items":[' +
      '{"metadata":{"resourceVersion":"7","name":"a"}},{"metadata":{"resourceVersion":"7","name":"b"}}]}\n',
  )
})

test('Bytes that begin otherwise are taken whole, and an empty list has no items', () => {
  const other = stored('{"metadata":{},"kind":"Thing"}')
  const list = { items: [other], resourceVersion: '9', continue: 'c', remainingItemCount: 3 }
  expect(JSON.parse(textOf(list))).toEqual({
    kind: 'ThingList',
    apiVersion: 'apps/v1',
    metadata: { resourceVersion: '9', continue: 'c', remainingItemCount: 3 },
    items: [{ metadata: {}, kind: 'Thing' }],
  })
  expect(JSON.parse(textOf({ items: [], resourceVersion: '9' }))).toMatchObject({
    items: [],
  })
})

test('A large list shares the bytes of its items', () => {
  const large = stored(`{"kind":"Thing","apiVersion":"apps/v1","metadata":{"name":"${'x'.repeat(2 << 20)}"}}`)
  const parts = listBytes(resource, { items: [large, large], resourceVersion: '9' })
  expect(parts.filter(part => part.buffer === large.bytes.buffer).length).toBe(2)
  expect(JSON.parse(Buffer.concat(parts).toString()).items.length).toBe(2)
})
