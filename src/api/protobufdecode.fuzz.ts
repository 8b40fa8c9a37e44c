import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almostBytes, anyBytes, fuzzAsync } from '../../test/fuzzing.ts'
import { decodeObject } from './decodeobject.ts'
import { decodeProtobuf, protobufMagic } from './protobufdecode.ts'
import { loadProtobufEncoder } from './protobufencode.ts'
import { StatusError } from './status.ts'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web' }, creationTimestamp: '2026-01-02T03:04:05Z' },
  spec: {
    containers: [
      { name: 'web', image: 'web:1', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }] },
    ],
    tolerations: [{ operator: 'Exists', tolerationSeconds: 3 }],
  },
  status: { podIPs: [{ ip: '2001:db8::1' }] },
}

test('Bytes that are almost a message are an object or a BadRequest', async () => {
  const encoder = await loadProtobufEncoder()
  const valid = fc.constant(encoder.object(pod))
  const bytes = fc.oneof(
    almostBytes(valid),
    anyBytes,
    anyBytes.map(rest => Buffer.concat([protobufMagic, rest])),
  )
  await fuzzAsync(
    fc.asyncProperty(bytes, async given => {
      try {
        decodeObject({ group: '', version: 'v1', kind: 'Pod' }, await decodeProtobuf(given))
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError)
        expect((error as StatusError).code).toBe(400)
      }
    }),
    1500,
  )
})
