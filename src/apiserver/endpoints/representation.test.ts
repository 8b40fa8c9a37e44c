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
  const table = await ask(`GET ${maps}`, `${protobuf};as=Table;g=meta.k8s.io;v=v1`)
  expect(table.status).toBe(406)
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
