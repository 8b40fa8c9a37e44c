// Writes the OpenAPI documents of the resources that the server has, compressed, with an index of their
// hashes.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { resources } from '../../src/api/resources/index.ts'
import { indexFile, type OpenAPIIndex, v2File, v3File } from '../../src/apiserver/openapi.ts'
import { openAPIDocument, openAPIV2, openAPIV3 } from '../../src/apiserver/openapidocument.ts'
import { openAPIV2Proto } from '../../src/apiserver/openapiproto.ts'
import type { Definition } from './definitions.ts'

const hashOf = (bytes: Buffer) => createHash('sha512').update(bytes).digest('hex').toUpperCase()

/** File names and contents. */
export function openAPIFiles(definitions: readonly Definition[], version: string): Map<string, Buffer> {
  const document = openAPIDocument({ definitions, resources, version })
  const protobuf = openAPIV2Proto(document)
  const json = Buffer.from(JSON.stringify(openAPIV2(document)))
  const files = new Map([
    [v2File('protobuf'), gzipSync(protobuf)],
    [v2File('json'), gzipSync(json)],
  ])
  const hashes: Record<string, string> = {}
  for (const [place, content] of openAPIV3(document)) {
    const bytes = Buffer.from(JSON.stringify(content))
    hashes[place] = hashOf(bytes)
    files.set(v3File(place), gzipSync(bytes))
  }
  const index: OpenAPIIndex = { v2: { json: hashOf(json), protobuf: hashOf(protobuf) }, v3: hashes }
  return files.set(indexFile, Buffer.from(JSON.stringify(index)))
}
