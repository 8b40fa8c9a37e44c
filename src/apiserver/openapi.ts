// Serves /openapi/v2 and /openapi/v3. The documents are written when the project is built, compressed, and
// read from disk when somebody asks, so that a server that nobody asks carries none of it.
import { gunzipSync } from 'node:zlib'
import { readGenerated } from '../api/generatedfile.ts'
import { parseAccept } from './negotiation.ts'
import type { Reply, ServerRequest } from './request.ts'

/** What scripts/schema writes about each document: where it is, and the hash of its content. */
export interface OpenAPIIndex {
  readonly v2: { readonly json: string; readonly protobuf: string }
  /** By place below /openapi/v3/: `api/v1`. */
  readonly v3: Readonly<Record<string, string>>
}

export const indexFile = 'openapi/index.json'
export const v2File = (format: 'json' | 'protobuf') => `openapi/v2.${format === 'json' ? 'json' : 'pb'}.gz`
export const v3File = (place: string) => `openapi/v3.${place.replaceAll('/', '.')}.json.gz`

/** What is answered, and what older clients ask for by a name that is no valid media type. */
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const protobufTypes = [protobufType, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf']

/** Indexes and documents read so far; documents are kept compressed. */
interface Loaded {
  index?: OpenAPIIndex
  readonly files: Map<string, Buffer>
}

function load(loaded: Loaded, file: string): Buffer {
  const known = loaded.files.get(file)
  if (known) return known
  const bytes = readGenerated(file)
  loaded.files.set(file, bytes)
  return bytes
}

interface Served {
  readonly file: string
  readonly etag: string
  readonly contentType: string
  /** The address carries the hash of the content: it may be kept for good. */
  readonly isFixed: boolean
}

function documentReply(request: ServerRequest, loaded: Loaded, served: Served): Reply {
  const { file, contentType } = served
  const etag = `"${served.etag}"`
  const headers = {
    etag,
    vary: 'Accept, Accept-Encoding',
    'cache-control': served.isFixed ? 'public, immutable' : 'no-cache, private',
  }
  if (request.headers['if-none-match'] === etag) return { status: 304, contentType: '', headers, body: [] }
  const bytes = load(loaded, file)
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    return { status: 200, contentType, headers, body: gunzipSync(bytes) }
  }
  return { status: 200, contentType, headers: { ...headers, 'content-encoding': 'gzip' }, body: bytes }
}

/** Whether the client wants protobuf more than JSON. */
function wantsProtobuf(accept: string | undefined): boolean {
  const first = parseAccept(accept ?? '').find(
    ({ type }) => protobufTypes.includes(type) || type === 'application/json' || type === '*/*',
  )
  return first !== undefined && protobufTypes.includes(first.type)
}

function v2Reply(request: ServerRequest, loaded: Loaded, index: OpenAPIIndex): Reply {
  const format = wantsProtobuf(request.headers.accept) ? 'protobuf' : 'json'
  return documentReply(request, loaded, {
    file: v2File(format),
    etag: index.v2[format],
    contentType: format === 'protobuf' ? protobufType : 'application/json',
    isFixed: false,
  })
}

function indexReply({ v3 }: OpenAPIIndex): Reply {
  const paths = Object.fromEntries(
    Object.entries(v3).map(([place, hash]) => [
      place,
      { serverRelativeURL: `/openapi/v3/${place}?hash=${hash}` },
    ]),
  )
  return { status: 200, contentType: 'application/json', body: Buffer.from(JSON.stringify({ paths })) }
}

/** Answers requests for OpenAPI documents, and no others. */
export function createOpenAPI(): (request: ServerRequest) => Reply | undefined {
  const loaded: Loaded = { files: new Map() }
  return request => {
    const path = request.info.path.replace(/\/$/, '')
    if (!path.startsWith('/openapi/')) return undefined
    loaded.index ??= JSON.parse(readGenerated(indexFile).toString()) as OpenAPIIndex
    if (path === '/openapi/v2') return v2Reply(request, loaded, loaded.index)
    if (path === '/openapi/v3') return indexReply(loaded.index)
    const place = path.slice('/openapi/v3/'.length)
    const etag = Object.hasOwn(loaded.index.v3, place) ? loaded.index.v3[place] : undefined
    if (!path.startsWith('/openapi/v3/') || etag === undefined) return undefined
    return documentReply(request, loaded, {
      file: v3File(place),
      etag,
      contentType: 'application/json',
      isFixed: request.query.get('hash') === etag,
    })
  }
}
