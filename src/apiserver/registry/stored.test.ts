import { expect, test } from 'vitest'
import { things } from './registries.fake.ts'
import { Codec } from './stored.ts'

const codec = new Codec(things)
const object = () => ({
  spec: { node: 'n1' },
  metadata: { namespace: 'default', name: 'a', uid: 'u', resourceVersion: '9', labels: { app: 'web' } },
})

test('the store’s value has no resourceVersion and begins with kind, apiVersion and metadata', () => {
  expect(codec.encode(object()).toString()).toBe(
    '{"kind":"Thing","apiVersion":"apps/v1","metadata":{"namespace":"default","name":"a","uid":"u",' +
      '"labels":{"app":"web"}},"spec":{"node":"n1"}}',
  )
})

test('the revision is spliced in, and replaced in the last state of what is deleted', () => {
  const stored = codec.decode(codec.encode(object()), 12)
  expect(stored).toMatchObject({
    name: 'a',
    namespace: 'default',
    uid: 'u',
    revision: 12,
    fields: ['n1', ''],
  })
  expect(stored.labels).toEqual({ app: 'web' })
  const head = '{"kind":"Thing","apiVersion":"apps/v1","metadata":{"resourceVersion":'
  expect(stored.bytes.toString().slice(0, head.length + 5)).toBe(`${head}"12",`)
  const deleted = stored.at(1234)
  expect(JSON.parse(deleted.bytes.toString()).metadata.resourceVersion).toBe('1234')
  expect(deleted.object).toMatchObject({ spec: { node: 'n1' } })
  expect(codec.decode(codec.encode(object()), 12).at(1234).bytes).toEqual(deleted.bytes)
})

test('object is parsed once, parse() gives copies', () => {
  const stored = codec.decode(codec.encode(object()), 12)
  expect(stored.object).toBe(stored.object)
  expect(stored.object.metadata.resourceVersion).toBe('12')
  const copy = stored.parse()
  expect(copy).toEqual(stored.object)
  expect(copy).not.toBe(stored.object)
})

test('values in another order of fields, as other writers leave them, are put in order', () => {
  const foreign = Buffer.from('{"metadata":{"name":"a"},"apiVersion":"apps/v1","kind":"Thing","spec":{}}')
  expect(codec.decode(foreign, 3).bytes.toString()).toBe(
    '{"kind":"Thing","apiVersion":"apps/v1","metadata":{"resourceVersion":"3","name":"a"},"spec":{}}',
  )
})

test('protobuf, as kube-apiserver writes by default, is refused with what to do', () => {
  expect(() => codec.decode(Buffer.from('k8s\0\n\x0b'), 3)).toThrow(
    'Cannot read things from the store: they are protobuf, expected JSON, as kube-apiserver writes it with ' +
      '--storage-media-type=application/json',
  )
})

test('values that another writer put on several lines are put on one', () => {
  const value = codec.encode(object())
  const stored = codec.decode(Buffer.from(`${value}\n`), 12)
  expect(stored.bytes.toString()).toBe(codec.decode(value, 12).bytes.toString())
})
