import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { metadataBytes, partialObject, partialObjectList } from './metadatabytes.ts'
import type { StoredObject } from './registry/registry.ts'

function stored(object: KubeObject, bytes = Buffer.from(JSON.stringify(object))): StoredObject {
  return { name: 'a', namespace: '', uid: '', revision: 3, labels: {}, bytes, object }
}

const metadata = { name: 'a', labels: { 'x"}': '\\' }, ownerReferences: [{ uid: '}{"' }] }
const read = (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown

test('metadataBytes() is a view of the bytes, however they are quoted', () => {
  const one = stored({ kind: 'Pod', apiVersion: 'v1', metadata } as unknown as KubeObject)
  expect(read(metadataBytes(one))).toEqual(metadata)
  expect(metadataBytes(one).buffer).toBe(one.bytes.buffer)
  expect(metadataBytes(one)).toBe(metadataBytes(one))
})

test('metadataBytes() works for any order of fields', () => {
  const object = { apiVersion: 'v1', spec: { metadata: {} }, metadata, kind: 'Pod' } as unknown as KubeObject
  expect(read(metadataBytes(stored(object)))).toEqual(metadata)
})

test('partialObject() and partialObjectList() carry metadata only', () => {
  const one = stored({ kind: 'Pod', apiVersion: 'v1', metadata, spec: {} } as unknown as KubeObject)
  const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
  expect(read(partialObject(one))).toEqual(partial)
  expect(read(partialObjectList({ items: [one, one], resourceVersion: '5', continue: 'c' }))).toEqual({
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '5', continue: 'c' },
    items: [partial, partial],
  })
})
