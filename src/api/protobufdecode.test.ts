import { expect, test } from 'vitest'
import { decodeProtobuf } from './protobufdecode.ts'

const tag = (number: number, wire: number) => {
  const value = (number << 3) | wire
  return value < 128 ? [value] : [(value & 127) | 128, value >> 7]
}
/** Values of up to 127 bytes. */
const field = (number: number, value: string | Buffer) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([...tag(number, 2), bytes.length]), bytes])
}
const varint = (number: number, value: number) => Buffer.from([number << 3, value])
const message = (...parts: Buffer[]) => Buffer.concat(parts)

const body = (apiVersion: string, kind: string, object: Buffer) =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, message(field(1, apiVersion), field(2, kind))),
    field(2, object),
  ])

const metadata = (name: string) =>
  field(1, message(field(1, name), field(2, ''), field(3, 'default'), varint(7, 0), field(8, '')))

test('An object comes out as JSON has it: maps, bytes, and nothing for what is empty', async () => {
  const secret = message(
    metadata('s'),
    field(2, message(field(1, 'key'), field(2, 'value'))),
    field(3, 'Opaque'),
  )
  expect(await decodeProtobuf(body('v1', 'Secret', secret))).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'default' },
    data: { key: 'dmFsdWU=' },
    type: 'Opaque',
  })
})

test('Numbers, lists, quantities, times and int-or-strings are read by the schema', async () => {
  const port = field(
    1,
    message(field(2, 'TCP'), varint(3, 80), field(4, message(varint(1, 1), field(3, 'web')))),
  )
  const service = message(
    metadata('web'),
    field(2, message(port, field(18, 'fd00::1'), field(18, '10.0.0.1'))),
  )
  expect(await decodeProtobuf(body('v1', 'Service', service))).toMatchObject({
    spec: {
      ports: [{ protocol: 'TCP', port: 80, targetPort: 'web' }],
      clusterIPs: ['fd00::1', '10.0.0.1'],
    },
  })
  const limits = field(1, message(field(1, 'cpu'), field(2, field(1, '100m'))))
  const quota = message(metadata('q'), field(2, limits))
  expect(await decodeProtobuf(body('v1', 'ResourceQuota', quota))).toMatchObject({
    spec: { hard: { cpu: '100m' } },
  })
  const lease = message(metadata('l'), field(2, message(field(3, message(varint(1, 60), varint(2, 0))))))
  expect(await decodeProtobuf(body('coordination.k8s.io/v1', 'Lease', lease))).toMatchObject({
    spec: { acquireTime: '1970-01-01T00:01:00.000000Z' },
  })
})

test('A message that JSON inlines is inlined', async () => {
  const volume = field(1, message(field(1, 'tmp'), field(2, field(2, field(1, 'Memory')))))
  const pod = message(metadata('p'), field(2, volume))
  expect(await decodeProtobuf(body('v1', 'Pod', pod))).toMatchObject({
    spec: { volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory' } }] },
  })
})

test('A field of unknown number is passed over when empty and refused when it says something', async () => {
  const map = (extra: Buffer) => body('v1', 'ConfigMap', message(metadata('c'), extra))
  expect(await decodeProtobuf(map(field(15, '')))).toMatchObject({ metadata: { name: 'c' } })
  await expect(decodeProtobuf(map(field(15, 'x')))).rejects.toThrow(
    'field 15 of ConfigMap is only understood as JSON',
  )
})

test('What is no protobuf, cut short or of an unknown kind is a bad request', async () => {
  await expect(decodeProtobuf(Buffer.from('{}'))).rejects.toMatchObject({ code: 400 })
  const whole = body('v1', 'Secret', message(metadata('s')))
  await expect(decodeProtobuf(whole.subarray(0, whole.length - 3))).rejects.toThrow('it ends within a field')
  await expect(decodeProtobuf(body('v1', 'Nope', Buffer.alloc(0)))).rejects.toThrow(
    'no kind "Nope" is registered',
  )
})
