import { webcrypto } from 'node:crypto'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { resources } from '../../api/resources/index.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import type { Store } from '../../storage/store.ts'
import { transformedStore } from '../../storage/transformed.ts'
import { openTestServer } from '../apiserver.fake.ts'
import { compileEncryption } from './encryptionconfig.ts'
import { aesCBC, aesGCM, identity, transformerOf } from './transformers.ts'

const secretOf = (letter: string, length = 32) => Buffer.from(letter.repeat(length)).toString('base64')
const keyOf = (name: string, letter: string) => `{keys: [{name: ${name}, secret: ${secretOf(letter)}}]}`

const compile = (text: string) =>
  compileEncryption(
    { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', ...(load(text) as object) },
    resources,
  )

describe('An encrypted value', () => {
  const gcm = aesGCM({ name: 'k', secret: Buffer.alloc(32, 1) })
  const cbc = aesCBC({ name: 'k', secret: Buffer.alloc(16, 2) })
  const value = Buffer.from('{"kind":"Secret"}')

  test('can be read by whoever knows the form, the key and, for AES-GCM, the place', async () => {
    const sealed = transformerOf([gcm]).toStorage(value, '/registry/secrets/a/b')
    const prefix = 'k8s:enc:aesgcm:v1:k:'
    expect(sealed.subarray(0, prefix.length).toString()).toBe(prefix)
    const rest = sealed.subarray(prefix.length)
    const key = await webcrypto.subtle.importKey('raw', Buffer.alloc(32, 1), 'AES-GCM', false, ['decrypt'])
    const additionalData = Buffer.from('/registry/secrets/a/b')
    const how = { name: 'AES-GCM', iv: rest.subarray(0, 12), additionalData }
    expect(Buffer.from(await webcrypto.subtle.decrypt(how, key, rest.subarray(12)))).toEqual(value)
    const block = transformerOf([cbc]).toStorage(value, '')
    const start = 'k8s:enc:aescbc:v1:k:'.length
    const blockKey = await webcrypto.subtle.importKey('raw', Buffer.alloc(16, 2), 'AES-CBC', false, [
      'decrypt',
    ])
    const blockHow = { name: 'AES-CBC', iv: block.subarray(start, start + 16) }
    expect(
      Buffer.from(await webcrypto.subtle.decrypt(blockHow, blockKey, block.subarray(start + 16))),
    ).toEqual(value)
  })

  test('is never the same twice, and no other value, place or key opens it', () => {
    const { toStorage, fromStorage } = transformerOf([gcm])
    const sealed = toStorage(value, '/a')
    expect(toStorage(value, '/a')).not.toEqual(sealed)
    expect(fromStorage(sealed, '/a')).toEqual({ value, stale: false })
    const changed = Buffer.from(sealed)
    changed[changed.length - 20]! ^= 1
    const failed = 'cipher: message authentication failed'
    expect(() => fromStorage(sealed, '/b')).toThrow(failed)
    expect(() => fromStorage(changed, '/a')).toThrow(failed)
    const other = transformerOf([aesGCM({ name: 'k', secret: Buffer.alloc(32, 3) })])
    expect(() => other.fromStorage(sealed, '/a')).toThrow(failed)
    expect(() => fromStorage(sealed.subarray(0, 30), '/a')).toThrow('shorter than the required size')
    expect(() => fromStorage(value, '/a')).toThrow('no matching prefix found')
    const block = transformerOf([cbc]).toStorage(value, '')
    expect(() => transformerOf([cbc]).fromStorage(block.subarray(0, 40), '')).toThrow('shorter than')
    expect(() => transformerOf([cbc]).fromStorage(block.subarray(0, -1), '')).toThrow('invalid padding')
  })

  test('is stale unless the first way sealed it; the way back is identity first', () => {
    const sealed = transformerOf([cbc]).toStorage(value, '/a')
    expect(transformerOf([gcm, cbc]).fromStorage(sealed, '/a')).toEqual({ value, stale: true })
    expect(transformerOf([gcm, identity]).fromStorage(value, '/a')).toEqual({ value, stale: true })
    expect(transformerOf([identity, cbc]).fromStorage(sealed, '/a')).toEqual({ value, stale: true })
    expect(transformerOf([identity, cbc]).fromStorage(value, '/a')).toEqual({ value, stale: false })
    const renewed = aesGCM({ name: 'k', secret: Buffer.alloc(32, 9) })
    const old = transformerOf([gcm]).toStorage(value, '/a')
    expect(transformerOf([renewed, gcm]).fromStorage(old, '/a')).toEqual({ value, stale: true })
  })
})

describe('A configuration', () => {
  test('chooses the first entry that names the resource', () => {
    const lookup = compile(`
resources:
- {resources: [secrets, deployments.apps], providers: [{aescbc: ${keyOf('a', 'a')}}]}
- {resources: ['*.apps', '*.'], providers: [{aesgcm: ${keyOf('b', 'b')}}]}
- {resources: ['*.*'], providers: [{identity: {}}]}`)
    const sealedAs = (key: string) => {
      const text = lookup(key)?.toStorage(Buffer.from('{}'), key).toString('latin1')
      return text && (/^k8s:enc:(\w+:v1:\w):/.exec(text)?.[1] ?? text)
    }
    expect(
      [
        '/registry/secrets/a/b',
        '/registry/deployments/a/b',
        '/registry/replicasets/a/b',
        '/registry/configmaps/a/b',
        '/registry/services/specs/a/b',
        '/registry/minions/n',
        '/registry/leases/a/b',
        '/registry/ranges/servicenodeports/30000',
      ].map(sealedAs),
    ).toEqual(['aescbc:v1:a', 'aescbc:v1:a', ...Array(4).fill('aesgcm:v1:b'), '{}', undefined])
  })

  const entry = (provider: string) => `resources: [{resources: [secrets], providers: [${provider}]}]`
  test.each([
    ['resources: []', 'resources: at least one entry is required'],
    [
      'resources: [{resources: [], providers: []}]',
      'resources[0].resources: at least one resource is required',
    ],
    ['resources: [{resources: [secrets], providers: []}]', 'providers: at least one provider is required'],
    ['resources: [{resources: [secret], providers: [{identity: {}}]}]', 'there is no resource "secret"'],
    [entry('{}'), 'resources[0].providers[0]: it names 0 providers, expected one per element'],
    [entry(`{identity: {}, aescbc: ${keyOf('a', 'a')}}`), 'it names 2 providers'],
    [entry('{aesgcm: {keys: []}}'), 'resources[0].providers[0].aesgcm.keys: at least one key is required'],
    [
      entry('{aesgcm: {keys: [{name: a, secret: YWJj}]}}'),
      'not of the expected length, got 3, expected one of',
    ],
    [entry('{aesgcm: {keys: [{name: a, secret: "?"}]}}'), 'keys[0].secret: secrets must be base64 encoded'],
    [entry('{aesgcm: {keys: [{secret: YWJj}]}}'), 'keys[0].name: it is missing'],
    [entry('{secretbox: {}}'), 'secretbox: is not supported here, expected aesgcm, aescbc or identity'],
    [entry('{kms: {}}'), 'kms: is not supported here'],
    [entry('{aes: {}}'), 'resources[0].providers[0].aes: unknown field'],
    ['kind: Policy', 'kind: "Policy" is not one of EncryptionConfiguration'],
  ])('that says %s is refused', (text, message) => {
    expect(() => compile(text)).toThrow(message)
  })

  test('never shows a key when it is refused', () => {
    const text = entry(`{aesgcm: {keys: [{name: a, secret: ${secretOf('s', 33)}}]}}`)
    expect(() => compile(text)).not.toThrow(secretOf('s', 33))
  })
})

describe('A server with encrypted Secrets', () => {
  const configuration = (...providers: string[]) =>
    `resources: [{resources: [secrets], providers: [${providers.join(', ')}]}]`
  const path = '/api/v1/namespaces/default/secrets'
  const secret = { metadata: { name: 'a' }, stringData: { password: 'hunter2' } }

  const open = (kept: Store, text: string) => openTestServer({ store: transformedStore(kept, compile(text)) })
  const kept = async (store: Store, name = 'a') =>
    (await store.get(`/registry/secrets/default/${name}`))?.value.toString('latin1') ?? ''

  test('keeps nothing of them in the clear, through a change of keys and back', async () => {
    const store = openMemoryStore()
    const [first, second] = [`{aesgcm: ${keyOf('one', 'a')}}`, `{aesgcm: ${keyOf('two', 'b')}}`]
    const plain = await openTestServer({ store })
    await plain.ask(`POST ${path}`, secret)
    await plain.close()
    expect(await kept(store)).toContain(Buffer.from('hunter2').toString('base64'))

    const steps = [
      { text: configuration(first, '{identity: {}}'), prefix: 'k8s:enc:aesgcm:v1:one:' },
      { text: configuration(second, first), prefix: 'k8s:enc:aesgcm:v1:two:' },
      { text: configuration('{identity: {}}', second), prefix: '{"kind":"Secret"' },
    ]
    for (const { text, prefix } of steps) {
      const server = await open(store, text)
      const { body } = await server.ask(`GET ${path}/a`)
      expect(body).toMatchObject({ data: { password: Buffer.from('hunter2').toString('base64') } })
      const replaced = await server.ask(`PUT ${path}/a`, body)
      expect(replaced.status).toBe(200)
      expect(replaced.body.metadata?.resourceVersion).not.toBe(body.metadata?.resourceVersion)
      expect(await kept(store)).toMatch(new RegExp(`^${prefix}`))
      expect((await kept(store)).includes(Buffer.from('hunter2').toString('base64'))).toBe(
        !prefix.startsWith('k8s'),
      )
      // Now that it is kept as it would be written, the same again changes nothing.
      const again = await server.ask(`PUT ${path}/a`, replaced.body)
      expect(again.body.metadata?.resourceVersion).toBe(replaced.body.metadata?.resourceVersion)
      await server.close()
    }
  })

  test('names what no key opens; everything else goes on, and it is well again with the key', async () => {
    const store = openMemoryStore()
    const before = await open(store, configuration(`{aesgcm: ${keyOf('one', 'a')}}`))
    await before.ask(`POST ${path}`, secret)
    await before.close()
    const server = await open(store, configuration(`{aesgcm: ${keyOf('two', 'b')}}`))
    const message =
      'Internal error occurred: unable to transform key "/registry/secrets/default/a": no matching prefix found'
    for (const line of [`GET ${path}`, `GET ${path}/a`, 'GET /api/v1/secrets']) {
      expect((await server.ask(line)).body).toMatchObject({ code: 500, reason: 'InternalError', message })
    }
    expect(
      (await server.ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })).status,
    ).toBe(201)
    const event = await store.get('/registry/secrets/default/a')
    await store.write([{ type: 'delete', key: event!.key, expectedRevision: event!.revision }])
    expect((await server.ask(`GET ${path}`)).body.items).toEqual([])
    expect((await server.ask(`POST ${path}`, secret)).status).toBe(201)
    await server.close()
  })
})
