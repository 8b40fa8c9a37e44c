// Which representation a client gets and which one it sent: JSON, YAML or protobuf, plain or as Table or
// PartialObjectMetadata (k8s.io/apiserver pkg/endpoints/handlers/negotiation). Protobuf is only written for
// clients that accept nothing else: objects are kept as JSON.
import { StatusError } from '../api/status.ts'
import type { Query } from './query.ts'

export type TransformKind = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export type MetaVersion = 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1'

export interface MediaType {
  readonly format: 'json' | 'yaml' | 'protobuf'
  /** The client wants objects as this kind of meta.k8s.io. */
  readonly as?: TransformKind
  /** Its version, when that is not v1; v1beta1 says the same to clients that know nothing newer. */
  readonly metaVersion?: MetaVersion
  readonly pretty: boolean
}

export const protobufMediaType = 'application/vnd.kubernetes.protobuf'

/** What every kind can be had as. */
export const textMediaTypes: readonly string[] = ['application/json', 'application/yaml']

const plainJSON: MediaType = { format: 'json', pretty: false }

const formats: Readonly<Record<string, MediaType['format']>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
  [protobufMediaType]: 'protobuf',
}

const transforms: ReadonlySet<string> = new Set([
  'Table',
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
])

interface Clause {
  readonly type: string
  readonly quality: number
  readonly parameters: ReadonlyMap<string, string>
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map(part => part.trim())
  const parameters = new Map<string, string>()
  let quality = 1
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    const name = part.slice(0, equals).toLowerCase()
    const value = part.slice(equals + 1).replace(/^"(.*)"$/, '$1')
    if (name === 'q') quality = Number(value) || 0
    else parameters.set(name, value)
  }
  return { type: type.toLowerCase(), quality, parameters }
}

/** The clauses of an Accept header, the most wanted first. */
export function parseAccept(header: string): readonly Clause[] {
  return header
    .split(',')
    .map(parseClause)
    .filter(clause => clause.type !== '')
    .sort((a, b) => b.quality - a.quality)
}

function acceptable({ type, parameters }: Clause): MediaType | undefined {
  const format = Object.hasOwn(formats, type) && formats[type]
  if (!format) return undefined
  const stream = parameters.get('stream')
  if ((stream && stream !== 'watch') || parameters.get('sv')) return undefined
  const pretty = parameters.get('pretty') === '1'
  const asked = ['as', 'g', 'v'].some(name => parameters.has(name))
  if (!asked) return { format, pretty }
  const kind = parameters.get('as') ?? ''
  if (!transforms.has(kind) || parameters.get('g') !== 'meta.k8s.io') return undefined
  const version = parameters.get('v')
  if (version !== 'v1' && version !== 'v1beta1') return undefined
  if (format === 'protobuf' && kind === 'Table') return undefined
  const media = { format, as: kind as TransformKind, pretty }
  return version === 'v1' ? media : { ...media, metaVersion: `meta.k8s.io/${version}` }
}

export const notAcceptable = (accepted: readonly string[]) =>
  new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
  })

export const unsupportedMediaType = (accepted: readonly string[]) =>
  new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - ' +
      `accepted media types include: ${accepted.join(', ')}`,
  })

/** What this server reads and writes. */
export const objectMediaTypes: readonly string[] = [...textMediaTypes, protobufMediaType]

const known = new Map<string, MediaType>()
const maxKnownHeaders = 500

function negotiate(accept: string): MediaType {
  const remembered = known.get(accept)
  if (remembered) return remembered
  const medias = parseAccept(accept).flatMap(clause => acceptable(clause) ?? [])
  const media = medias.find(({ format }) => format !== 'protobuf') ?? medias[0]
  if (!media) throw notAcceptable(objectMediaTypes)
  if (known.size >= maxKnownHeaders) known.clear()
  known.set(accept, media)
  return media
}

const prettyAgents = /^(curl|Wget|Mozilla\/5\.0)/

/** Whether JSON is indented: as `?pretty=` says, otherwise for the agents people use by hand. */
function wantsPretty(query: Query, userAgent: string | undefined): boolean {
  const asked = query.get('pretty')
  if (asked) return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(asked)
  return userAgent !== undefined && prettyAgents.test(userAgent)
}

/** Throws NotAcceptable when the client accepts nothing that this server can write. */
export function negotiateOutput(
  accept: string | undefined,
  query: Query,
  userAgent: string | undefined,
): MediaType {
  const media = accept ? negotiate(accept) : plainJSON
  return !media.pretty && wantsPretty(query, userAgent) ? { ...media, pretty: true } : media
}

/** What is left of an Accept header for a kind that cannot be had as a Table; throws NotAcceptable. */
export function withoutTables(accept: string): string {
  const clauses = accept.split(',').filter(clause => parseClause(clause).parameters.get('as') !== 'Table')
  if (clauses.length === 0) throw notAcceptable(objectMediaTypes)
  return clauses.join(',')
}

/** The media type alone, in lower case: without a charset or other parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  if (!contentType) return ''
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** Whether Go's mime.ParseMediaType takes it: a type, and parameters that have values. */
function isMediaType(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.split(';').map(part => part.trim())
  const isParameter = (text: string) => text.indexOf('=') > 0
  const last = parameters.at(-1)
  const given = last === '' ? parameters.slice(0, -1) : parameters
  return type !== '' && given.every(isParameter)
}

/** The format of a body; throws UnsupportedMediaType. No Content-Type counts as JSON, as upstream. */
export function negotiateInput(contentType: string | undefined): 'json' | 'yaml' | 'protobuf' {
  if (contentType && !isMediaType(contentType)) throw unsupportedMediaType(objectMediaTypes)
  const type = mediaTypeOf(contentType)
  if (type === '' || type === 'application/json') return 'json'
  if (type === 'application/yaml') return 'yaml'
  if (type === protobufMediaType) return 'protobuf'
  throw unsupportedMediaType(objectMediaTypes)
}
