// From an answer to the reply a client asked for: JSON, YAML or protobuf, whole objects, Tables or
// PartialObjectMetadata.
import type { Resource } from '../../api/resource.ts'
import { badRequest, StatusError } from '../../api/status.ts'
import { partialObject, partialObjectList } from '../metadatabytes.ts'
import { type MediaType, notAcceptable, protobufMediaType, textMediaTypes } from '../negotiation.ts'
import type { Query } from '../query.ts'
import type { Bookmark, StoredList, StoredObject } from '../registry/registry.ts'
import { bytesReply, valueReply } from '../reply.ts'
import type { Reply } from '../request.ts'
import { type IncludeObject, tableFor, tableForBookmark, tableForObject } from '../table.ts'
import type { Answer } from './call.ts'
import { listBytes } from './listbytes.ts'
import { isScale, tableOfScale } from './tableofscale.ts'
import { eventLine, jsonErrors, type WatchEncoder, type WatchItem } from './watchstream.ts'

export interface Representation {
  readonly media: MediaType
  readonly resource: Resource
  readonly query: Query
  readonly nowMs: () => number
}

const includes: readonly string[] = ['None', 'Metadata', 'Object']

function includeObjectOf(query: Query): IncludeObject {
  const value = query.get('includeObject')
  if (!value) return 'Metadata'
  if (includes.includes(value)) return value as IncludeObject
  const supported = ['Metadata', 'None', 'Object', ''].map(text => JSON.stringify(text)).join(', ')
  throw badRequest(
    'Unable to convert to Table as requested: includeObject: Invalid value: ' +
      `${JSON.stringify(value)}: must be one of ${supported}`,
  )
}

function notAs(kind: string, why: string): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `you requested ${kind}, but the requested object is ${why}`,
  })
}

const versionOf = ({ metaVersion }: MediaType) => (metaVersion ? { metaVersion } : {})

function tableOptions({ query, nowMs, media }: Representation) {
  return { includeObject: includeObjectOf(query), nowMs: nowMs(), ...versionOf(media) }
}

function storedBytes(representation: Representation, stored: StoredObject): Buffer {
  const { media, resource } = representation
  switch (media.as) {
    case undefined:
      return stored.bytes
    case 'Table':
      return tableForObject(resource, stored, tableOptions(representation))
    case 'PartialObjectMetadata':
      return partialObject(stored, media.metaVersion)
    case 'PartialObjectMetadataList':
      throw notAs('PartialObjectMetadataList', `not a list (*${resource.version}.${resource.kind})`)
  }
}

function allListBytes(representation: Representation, list: StoredList): readonly Buffer[] {
  const { media, resource } = representation
  switch (media.as) {
    case undefined:
      return listBytes(resource, list)
    case 'Table':
      return [tableFor(resource, list, tableOptions(representation))]
    case 'PartialObjectMetadata':
      throw notAs('PartialObjectMetadata', `a list (*${resource.version}.${resource.listKind})`)
    case 'PartialObjectMetadataList':
      return [partialObjectList(list, media.metaVersion)]
  }
}

/** Throws NotAcceptable where the answer cannot be had in the wanted form. */
export function represent(representation: Representation, answer: Answer): Promise<Reply> {
  const { media } = representation
  switch (answer.type) {
    case 'stored':
      return bytesReply(answer.status, [storedBytes(representation, answer.stored)], media)
    case 'list':
      return bytesReply(200, allListBytes(representation, answer.list), media)
    case 'value':
      if (media.as !== 'Table' || !isScale(answer.value))
        return valueReply(answer.status, answer.value, media)
      return bytesReply(answer.status, [tableOfScale(answer.value, tableOptions(representation))], media)
  }
}

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' }

/** The object of a bookmark: nothing but its kind and revision. */
export function bookmarkObject(bookmark: Bookmark, resource: { kind: string; apiVersion: string }) {
  const metadata = {
    resourceVersion: String(bookmark.revision),
    ...(bookmark.initialEventsEnd ? { annotations: initialEventsEnd } : {}),
  }
  return { kind: resource.kind, apiVersion: resource.apiVersion, metadata }
}

let nextTableKey = 0

function tableEncoder(representation: Representation): WatchEncoder {
  const { resource } = representation
  const options = tableOptions(representation)
  let withColumns = true
  const object = (item: WatchItem) =>
    item.type === 'BOOKMARK'
      ? tableForBookmark(resource, item.revision, { ...options, withColumns })
      : tableForObject(resource, item.stored, { ...options, nowMs: representation.nowMs(), withColumns })
  return {
    // Each client has a first Table of its own.
    key: `Table ${nextTableKey++}`,
    ...jsonErrors,
    encode(item) {
      const bytes = object(item)
      withColumns = false
      return eventLine(item.type, bytes)
    },
  }
}

/** Throws NotAcceptable for a kind that cannot be had in the wanted form, before anything is done. */
export async function checkForm({ format }: MediaType, { apiVersion, kind }: Resource): Promise<void> {
  if (format !== 'protobuf') return
  const { hasProtobuf } = await import('../../api/protobufencode.ts')
  if (!hasProtobuf(apiVersion, kind)) throw notAcceptable(textMediaTypes)
}

interface ObjectsOfEvents {
  readonly key: string
  readonly object: (item: WatchItem) => Buffer
}

async function protobufEncoder({ key, object }: ObjectsOfEvents): Promise<WatchEncoder> {
  const { loadProtobufEncoder } = await import('../../api/protobufencode.ts')
  const encoder = await loadProtobufEncoder()
  return {
    key: `protobuf ${key}`,
    contentType: `${protobufMediaType};stream=watch`,
    encode: item => encoder.event(item.type, JSON.parse(object(item).toString())),
    encodeError: status => encoder.event('ERROR', status),
  }
}

/** Throws NotAcceptable for what cannot be streamed. */
export async function watchEncoderFor(representation: Representation): Promise<WatchEncoder> {
  const { media, resource } = representation
  if (media.format === 'yaml') throw notAcceptable(['application/json;stream=watch'])
  if (media.as === 'Table') return tableEncoder(representation)
  const isWhole = media.as === undefined
  const { metaVersion = 'meta.k8s.io/v1' } = media
  const kind = isWhole ? resource : { kind: 'PartialObjectMetadata', apiVersion: metaVersion }
  const object = (item: WatchItem) => {
    if (item.type === 'BOOKMARK') return Buffer.from(JSON.stringify(bookmarkObject(item, kind)))
    return isWhole ? item.stored.bytes : partialObject(item.stored, metaVersion)
  }
  const key = `${kind.apiVersion} ${kind.kind}`
  if (media.format === 'protobuf') return protobufEncoder({ key, object })
  return { key, ...jsonErrors, encode: item => eventLine(item.type, object(item)) }
}
