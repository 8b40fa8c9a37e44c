// The field numbers of src/api/protobufnumbers.json against those in kubectl 1.34: its binary holds the
// gzipped FileDescriptorProto (google/protobuf/descriptor.proto) of every API group it was built with.
import { readFileSync } from 'node:fs'
import { constants, gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import numbers from '../src/api/protobufnumbers.json' with { type: 'json' }
import { ProtobufReader } from '../src/protobuf/reader.ts'
import { findKubectl, missingKubectl } from './kubectl.ts'

type Fields = readonly (readonly [number, Buffer | number])[]

function fieldsOf(bytes: Buffer): Fields {
  const reader = new ProtobufReader(bytes)
  const fields: [number, Buffer | number][] = []
  while (!reader.isDone) {
    const { number, wire } = reader.tag()
    if (wire === 2) fields.push([number, reader.block()])
    else if (wire === 0) fields.push([number, reader.integer()])
    else reader.skip(wire)
  }
  return fields
}

const blocks = (fields: Fields, number: number) =>
  fields.flatMap(([of, value]) => (of === number && Buffer.isBuffer(value) ? [value] : []))
const textOf = (fields: Fields, number: number) => blocks(fields, number)[0]?.toString() ?? ''

const mostBytes = 200_000

/** The descriptors' files: whatever unzips and is of a Kubernetes package. */
function* filesIn(binary: Buffer): Generator<Fields> {
  const magic = Buffer.from([0x1f, 0x8b, 8])
  for (let at = binary.indexOf(magic); at >= 0; at = binary.indexOf(magic, at + 3)) {
    try {
      const zipped = binary.subarray(at, at + mostBytes)
      const file = fieldsOf(gunzipSync(zipped, { finishFlush: constants.Z_SYNC_FLUSH }))
      if (textOf(file, 2).startsWith('k8s.io.')) yield file
    } catch {
      // Three bytes that look like a beginning and are none.
    }
  }
}

/** `core.v1.PodSpec` -> number -> name. */
function messagesIn(binary: Buffer): Map<string, Map<number, string>> {
  const messages = new Map<string, Map<number, string>>()
  for (const file of filesIn(binary)) {
    const group = textOf(file, 2).replace(/^k8s\.io\.(api\.)?/, '')
    for (const message of blocks(file, 4).map(fieldsOf)) {
      const fields = blocks(message, 2).map(fieldsOf)
      const byNumber = fields.map(
        field => [Number(field.find(([of]) => of === 3)![1]), textOf(field, 1)] as const,
      )
      messages.set(`${group}.${textOf(message, 1)}`, new Map(byNumber))
    }
  }
  return messages
}

/** The outermost numbers of `1:name 2:( 1:hostPath ) 3:items=list`, without those in parentheses. */
function topLevel(message: string): [number, string][] {
  let depth = 0
  const found: [number, string][] = []
  for (const word of message.split(' ')) {
    if (word === ')') depth--
    else {
      const [, number, name = ''] = /^(\d+):([^=]+)/.exec(word) ?? []
      if (depth === 0 && name !== '(') found.push([Number(number), name])
      if (name === '(') depth++
    }
  }
  return found
}

const missing = missingKubectl('1.34')

describe.skipIf(missing)('protobufnumbers.json', () => {
  test('has the numbers that kubectl 1.34 has', () => {
    const messages = messagesIn(readFileSync(findKubectl('1.34')))
    const plain = (name: string) => name.replace(/[^A-Za-z0-9]/g, '').toLowerCase()
    let compared = 0
    const wrong: string[] = []
    for (const [name, message] of Object.entries(numbers)) {
      for (const [number, field] of topLevel(message)) {
        const theirs = messages.get(name)?.get(number)
        if (theirs === undefined) continue
        compared++
        if (plain(theirs) !== plain(field)) wrong.push(`${name} ${number}: ${field}, expected ${theirs}`)
      }
    }
    expect(wrong).toEqual([])
    expect(compared).toBe(1887)
  })
})
