import { expect, test } from 'vitest'
import { readDefinitions } from '../../scripts/schema/definitions.ts'
import { resources } from '../api/resources/index.ts'
import { openAPIDocument } from './openapidocument.ts'
import { openAPIV2Proto } from './openapiproto.ts'

const document = openAPIDocument({ definitions: readDefinitions(), resources, version: 'v1.36.0' })

/** The fields of a protobuf message: number and bytes, for those that have a length. */
function fields(bytes: Buffer): [number, Buffer][] {
  const found: [number, Buffer][] = []
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    if ((tag & 7) !== 2) {
      varint()
      continue
    }
    const length = varint()
    found.push([tag >>> 3, bytes.subarray(at, at + length)])
    at += length
  }
  return found
}

const get = (bytes: Buffer, ...path: number[]): Buffer =>
  path.reduce((message, number) => fields(message).find(([found]) => found === number)![1], bytes)

test('Version 2 in protobuf has the numbers of gnostic’s description', () => {
  const bytes = openAPIV2Proto(document)
  expect(get(bytes, 1).toString()).toBe('2.0')
  expect(get(bytes, 2, 2).toString()).toBe('v1.36.0')
  const paths = fields(get(bytes, 8)).map(([, entry]) => entry)
  expect(paths.length).toBe(document.paths.length)
  const item = paths.find(
    entry => get(entry, 1).toString() === '/api/v1/namespaces/{namespace}/configmaps/{name}',
  )!
  expect(get(item, 2, 8, 5).toString()).toBe('patchCoreV1NamespacedConfigMap')
  const definitions = fields(get(bytes, 9)).map(([, entry]) => entry)
  const port = definitions.find(entry => get(entry, 1).toString() === 'io.k8s.api.core.v1.ServicePort')!
  expect(get(port, 2, 22, 1).toString()).toBe('object')
  expect(get(port, 2, 19).toString()).toBe('port')
  expect(get(port, 2, 25, 1, 1).toString()).toBe('appProtocol')
})
