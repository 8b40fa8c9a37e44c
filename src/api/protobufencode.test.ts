import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readGenerated } from './generatedfile.ts'
import { decodeProtobuf } from './protobufdecode.ts'
import { hasProtobuf, loadProtobufEncoder } from './protobufencode.ts'
import golden from './protobufgolden.json' with { type: 'json' }
import { type Field, loadSchema, type Struct, type ValueType } from './schema.ts'
import { indexSchema } from './schemaformat.ts'

const encoder = await loadProtobufEncoder()
const roundTrip = (value: object) => decodeProtobuf(encoder.object(value))

type Random = () => number

/** mulberry32 */
function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const pick = (random: Random, count: number) => Math.floor(random() * count)
const word = (random: Random) => ['a', 'web', 'ünï', 'x/y.z', 'long'.repeat(50)][pick(random, 5)]!

const times = { t: '2026-01-02T03:04:05Z', m: '2026-01-02T03:04:05.678901Z' } as const

/** A value of a type that is not empty, since empty ones may disappear; undefined where it gets too deep. */
function someValue(type: ValueType, random: Random, depth: number): unknown {
  switch (type.code) {
    case 's':
      return word(random)
    case 'b':
      return true
    case 'i':
      return [1, 300, -7, 2147483647][pick(random, 4)]
    case 'l':
      return [1, 2 ** 40, -9][pick(random, 3)]
    case 'd':
      return [0.5, -3, 1e300][pick(random, 3)]
    case 'y':
      return Buffer.from(word(random)).toString('base64')
    case 't':
    case 'm':
      return times[type.code]
    case 'q':
      return ['100m', '1Gi'][pick(random, 2)]
    case 'p':
      return ['50%', 8080][pick(random, 2)]
    case 'a':
      return { raw: [word(random), 1, { deep: null }] }
    case '[': {
      const items = Array.from({ length: 1 + pick(random, 2) }, () => someValue(type.of!, random, depth))
      return items.includes(undefined) ? undefined : items
    }
    case '{': {
      const value = someValue(type.of!, random, depth)
      return value === undefined ? undefined : { b: value, 'a/b': value }
    }
    default:
      return depth > 7 ? undefined : objectOf(type.struct!, random, depth + 1)
  }
}

function unionOf(field: Field, random: Random, depth: number): unknown {
  const schema =
    depth > 7 ? { type: 'string' } : objectOf(loadSchema().struct('JSONSchemaProps')!, random, depth + 1)
  if (field.name === 'items') return [schema, [schema, { type: 'object' }]][pick(random, 2)]
  if (field.name === 'dependencies') return { one: schema, other: ['x', 'y'] }
  return [true, false, schema][pick(random, 3)]
}

const unions = ['items', 'dependencies', 'additionalItems', 'additionalProperties']

function objectOf(struct: Struct, random: Random, depth = 0): Record<string, unknown> {
  const isSchema = struct.goName === 'JSONSchemaProps'
  const entries: [string, unknown][] = []
  for (const field of struct.fields.values()) {
    if (field.name === 'apiVersion' || field.name === 'kind') continue
    if (random() < (isSchema ? 0.85 : depth * 0.1)) continue
    const value =
      isSchema && unions.includes(field.name)
        ? unionOf(field, random, depth)
        : someValue(field.type, random, depth)
    if (value !== undefined) entries.push([field.name, value])
  }
  return Object.fromEntries(entries)
}

const kinds = [...indexSchema(readGenerated('schema.tsv').toString()).kinds.keys()].map(key => {
  const [group, version, kind] = key.split('/') as [string, string, string]
  return { apiVersion: group ? `${group}/${version}` : version, kind, group, version }
})

test.each(kinds)('$apiVersion $kind is read as it was written', async ({ apiVersion, kind, ...rest }) => {
  const struct = loadSchema().kind({ ...rest, kind })!
  for (let seed = 1; seed <= 3; seed++) {
    const object = { apiVersion, kind, ...objectOf(struct, randomFrom(seed)) }
    expect(await roundTrip(object), `seed ${seed}`).toEqual(object)
  }
})

const strip = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(strip)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, strip(inner)] as const)
  return Object.fromEntries(entries.filter(([, inner]) => !isEmpty(inner)))
}
const isEmpty = (value: unknown) =>
  value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

describe('bodies that kubectl 1.34 sent', () => {
  test.each(Object.entries(golden))('%s', async (_command, { body, object }) => {
    const decoded = await decodeProtobuf(Buffer.from(body, 'base64'))
    expect(strip(decoded)).toEqual(object)
    expect(await roundTrip(decoded)).toEqual(decoded)
  })
})

test('A watch event is a frame: its length, then the event around the object in its envelope', () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'blue' } }
  const hex = encoder.event('ADDED', namespace).toString('hex')
  expect(hex).toBe(
    '0000002e' + // length
      '0a05' +
      Buffer.from('ADDED').toString('hex') +
      '12250a23' + // object, raw
      '6b387300' + // k8s\0
      '0a0f0a027631' +
      '12094e616d657370616365' + // v1 Namespace
      '12080a060a04626c7565' + // metadata.name
      '1a002200',
  )
})

test('PartialObjectMetadata and lists of it are written though they are in no schema', async () => {
  const partial = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: { name: 'a' } }
  expect(encoder.object(partial).toString('latin1')).toContain('\x12\x05\n\x03\n\x01a')
  const list = {
    apiVersion: 'meta.k8s.io/v1',
    kind: 'PartialObjectMetadataList',
    metadata: { resourceVersion: '7' },
    items: [partial, { metadata: { name: 'b' } }],
  }
  expect(encoder.object(list).toString('latin1')).toContain(
    '\n\x03\x12\x017\x12\x05\n\x03\n\x01a\x12\x05\n\x03\n\x01b',
  )
})

test('Kinds that are not built in cannot be had as protobuf', () => {
  expect(hasProtobuf('v1', 'Pod')).toBe(true)
  expect(hasProtobuf('v1', 'PodList')).toBe(true)
  expect(hasProtobuf('v1', 'Status')).toBe(true)
  expect(hasProtobuf('v1', 'APIResourceList')).toBe(true)
  expect(hasProtobuf('meta.k8s.io/v1', 'PartialObjectMetadata')).toBe(true)
  expect(hasProtobuf('meta.k8s.io/v1', 'Table')).toBe(false)
  expect(hasProtobuf('example.com/v1', 'Gadget')).toBe(false)
})

describe('bodies that nobody should send', () => {
  const bodies = Object.values(golden).map(({ body }) => Buffer.from(body, 'base64'))
  const refusedOrRead = async (body: Buffer) => {
    try {
      await decodeProtobuf(body)
    } catch (error) {
      expect(error).toMatchObject({ code: 400, reason: 'BadRequest' })
    }
  }

  test('cut short anywhere: an object or a bad request', async () => {
    for (const body of bodies.slice(0, 6)) {
      for (let end = 0; end < body.length; end++) await refusedOrRead(body.subarray(0, end))
    }
  })

  test('with bytes changed: an object or a bad request', async () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    const property = fc.asyncProperty(
      fc.constantFrom(...bodies),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      async (body, changes) => {
        const changed = Buffer.from(body)
        for (const [at, byte] of changes) changed[4 + (at % (body.length - 4))] = byte
        await refusedOrRead(changed)
      },
    )
    await fc.assert(property, { numRuns: 1000 })
  })

  test('of any bytes: an object or a bad request', async () => {
    const head = encoder.object({ apiVersion: 'v1', kind: 'Pod' })
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
      const body = Buffer.from(bytes)
      await refusedOrRead(
        Buffer.concat([
          head.subarray(0, 13),
          Buffer.from([0x12, 0x80 | (body.length & 0x7f), body.length >> 7]),
          body,
        ]),
      )
      await refusedOrRead(Buffer.concat([Buffer.from('k8s\0'), body]))
    })
    await fc.assert(property, { numRuns: 600 })
  })

  test('nested without end, with huge lengths or times: a bad request at once', async () => {
    let schema: object = { type: 'object' }
    for (let depth = 0; depth < 2000; depth++) schema = { not: schema }
    const versions = [{ name: 'v1', schema: { openAPIV3Schema: schema } }]
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      spec: { versions },
    }
    await expect(roundTrip(crd)).rejects.toThrow('it is nested too deeply')
    const huge = Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f])])
    await expect(decodeProtobuf(huge)).rejects.toThrow('it ends within a field')
    const late = { apiVersion: 'v1', kind: 'Pod', metadata: { deletionTimestamp: '+010000-01-01T00:00:00Z' } }
    await expect(roundTrip(late)).rejects.toThrow('a time is out of range')
  })
})
