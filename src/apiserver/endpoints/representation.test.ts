import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeProtobuf } from '../../api/protobufdecode.ts'
import { openTestServer } from '../apiserver.fake.ts'
import type { ReplyStream } from '../request.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server.close())

const protobuf = 'application/vnd.kubernetes.protobuf'
const maps = '/api/v1/namespaces/default/configmaps'
const turn = () => new Promise(resolve => setImmediate(resolve))
const asked = (accept: string) => ({ headers: { accept } })

async function ask(line: string, accept = protobuf) {
  const { status, contentType, body } = await server.reply(line, asked(accept))
  if (typeof body === 'function') throw new Error('the reply is a stream')
  return { status, contentType, bytes: Buffer.isBuffer(body) ? body : Buffer.concat(body) }
}

/** What a streaming reply wrote: its frames without their lengths. */
function framesOf(chunks: readonly Buffer[]): Buffer[] {
  const all = Buffer.concat(chunks)
  const frames: Buffer[] = []
  for (let at = 0; at < all.length; ) {
    const end = at + 4 + all.readUInt32BE(at)
    frames.push(all.subarray(at + 4, end))
    at = end
  }
  return frames
}

/** The event's type, and its object as the envelope inside has it. */
async function readEvent(frame: Buffer) {
  const length = frame[1]!
  const type = frame.subarray(2, 2 + length).toString()
  return { type, object: await decodeProtobuf(frame.subarray(frame.indexOf('k8s\0'))) }
}

function collect(): { readonly chunks: Buffer[]; readonly stream: ReplyStream } {
  const chunks: Buffer[] = []
  const nothing = () => undefined
  return {
    chunks,
    stream: {
      write: parts => void chunks.push(...parts),
      pendingBytes: 0,
      end: nothing,
      destroy: nothing,
      onClose: nothing,
      onDrain: nothing,
    },
  }
}

test('Who accepts nothing but protobuf gets objects, lists and errors that say what JSON says', async () => {
  await server.ask(`POST ${maps}`, { metadata: { name: 'first' }, data: { colour: 'blue' } })
  for (const path of [`${maps}/first`, maps, '/api/v1/nodes', '/api/v1/services', `${maps}/none`]) {
    const { status, contentType, bytes } = await ask(`GET ${path}`)
    const json = await server.ask(`GET ${path}`)
    expect(contentType).toBe(protobuf)
    expect(status).toBe(json.status)
    const decoded = JSON.parse(JSON.stringify(await decodeProtobuf(bytes)))
    const { items = [], ...rest } = decoded
    const { items: expected = [], ...expectedRest } = json.body
    expect({ metadata: {}, ...rest }).toEqual(expectedRest)
    expect(items).toEqual(expected)
  }
})

test('A client that accepts JSON as well gets JSON', async () => {
  expect((await ask(`GET ${maps}`, `${protobuf},application/json`)).contentType).toBe('application/json')
})

test('What is created with protobuf only is answered as protobuf', async () => {
  const accepted = { headers: { accept: protobuf } }
  const { status, contentType } = await server.ask(`POST ${maps}`, { metadata: { name: 'second' } }, accepted)
  expect([status, contentType]).toEqual([201, protobuf])
})

test('Bare metadata comes as protobuf, Tables do not', async () => {
  const partial = `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`
  const { status, contentType, bytes } = await ask(`GET ${maps}`, partial)
  expect([status, contentType]).toEqual([200, protobuf])
  expect(bytes.toString('latin1')).toContain('PartialObjectMetadataList')
  expect(bytes.toString('latin1')).not.toContain('colour')
  expect((await ask(`GET ${maps}`, table('v1', protobuf))).status).toBe(406)
})

const table = (version: string, format = 'application/json') =>
  `${format};as=Table;g=meta.k8s.io;v=${version}`

test('Tables and bare metadata come in v1beta1, too, for clients that know nothing newer', async () => {
  const rows = async (version: string) => {
    const { bytes } = await ask(`GET ${maps}`, table(version))
    const { apiVersion, rows } = JSON.parse(String(bytes))
    return [apiVersion, rows[0].object.apiVersion, rows[0].cells[0]]
  }
  expect(await rows('v1')).toEqual(['meta.k8s.io/v1', 'meta.k8s.io/v1', 'first'])
  expect(await rows('v1beta1')).toEqual(['meta.k8s.io/v1beta1', 'meta.k8s.io/v1beta1', 'first'])
  const metadata = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1'
  expect(JSON.parse(String((await ask(`GET ${maps}`, metadata)).bytes))).toMatchObject({
    apiVersion: 'meta.k8s.io/v1beta1',
    items: [{ apiVersion: 'meta.k8s.io/v1beta1', metadata: { name: 'first' } }, {}],
  })
  expect((await ask(`GET ${maps}`, table('v2'))).status).toBe(406)
})

/** The tag with which the object begins that is inside the envelope. */
function firstTag(bytes: Buffer, kind: string): number | undefined {
  let at = bytes.indexOf(kind) + kind.length + 1
  while (bytes[at]! >= 0x80) at++
  return bytes[at + 1]
}

test('In protobuf a list of v1beta1 has the numbers of its fields the other way round', async () => {
  const kind = 'PartialObjectMetadataList'
  const tag = async (version: string) =>
    firstTag((await ask(`GET ${maps}`, `${protobuf};as=${kind};g=meta.k8s.io;v=${version}`)).bytes, kind)
  expect([await tag('v1'), await tag('v1beta1')]).toEqual([0x0a, 0x12])
})

test('A review cannot be a Table, so that the next thing its client accepts is sent', async () => {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const review = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } }
  const refused = await server.ask(`POST ${path}`, review, asked(table('v1')))
  expect([refused.status, refused.body.message]).toEqual([
    406,
    'only the following media types are accepted: ' +
      'application/json, application/yaml, application/vnd.kubernetes.protobuf',
  ])
  const plain = await server.ask(`POST ${path}`, review, asked(`${table('v1')},application/json`))
  expect([plain.status, plain.body.kind]).toEqual([201, 'SelfSubjectAccessReview'])
})

test('A Scale is a Table of its own', async () => {
  const labels = { app: 'a' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { replicas: 3, selector: { matchLabels: labels }, template }
  const sets = '/apis/apps/v1/namespaces/default/replicasets'
  await server.ask(`POST ${sets}`, { metadata: { name: 'web' }, spec })
  const { bytes } = await ask(`GET ${sets}/web/scale`, table('v1'))
  const { columnDefinitions, rows } = JSON.parse(String(bytes))
  expect(columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
    'Name',
    'Desired',
    'Available',
    'Age',
  ])
  expect(rows[0].cells.slice(0, 3)).toEqual(['web', 3, 0])
  expect(rows[0].object.metadata.name).toBe('web')
})

test('Discovery comes as protobuf', async () => {
  for (const path of ['/api', '/apis', '/api/v1', '/apis/apps']) {
    expect(await ask(`GET ${path}`)).toMatchObject({ status: 200, contentType: protobuf })
  }
})

test('A watch comes as frames, each with an event', async () => {
  const reply = await server.reply(`GET ${maps}?watch=1&fieldSelector=metadata.name=seen`, asked(protobuf))
  expect(reply.contentType).toBe(`${protobuf};stream=watch`)
  const { chunks, stream } = collect()
  if (typeof reply.body !== 'function') throw new Error('no stream')
  reply.body(stream)
  await server.ask(`POST ${maps}`, { metadata: { name: 'seen' }, data: { a: '1' } })
  await server.ask(`DELETE ${maps}/seen`)
  await turn()
  await turn()
  const events = await Promise.all(framesOf(chunks).map(readEvent))
  expect(events).toMatchObject([
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'seen' }, data: { a: '1' } } },
    { type: 'DELETED', object: { kind: 'ConfigMap', metadata: { name: 'seen' } } },
  ])
})
