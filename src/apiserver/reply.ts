// Builds replies: values as JSON, YAML or protobuf, errors as metav1.Status, plain text, and the headers
// every reply carries.
import { StatusError } from '../api/status.ts'
import { type MediaType, negotiateOutput, protobufMediaType } from './negotiation.ts'
import type { Reply, ReplyHeaders, ServerRequest } from './request.ts'

const newline = Buffer.from('\n')

/** How a request wants its answer; JSON where it wants something this server cannot write. */
function mediaForErrors(request: ServerRequest): MediaType {
  try {
    return negotiateOutput(request.headers.accept, request.query, request.headers['user-agent'])
  } catch {
    return negotiateOutput(undefined, request.query, request.headers['user-agent'])
  }
}

async function toYAML(value: unknown): Promise<Buffer> {
  const { dump } = await import('js-yaml')
  return Buffer.from(dump(value, { noRefs: true, lineWidth: -1, sortKeys: true, quoteStyle: 'double' }))
}

export async function valueReply(
  status: number,
  value: object,
  media: Pick<MediaType, 'format' | 'pretty'>,
): Promise<Reply> {
  if (media.format === 'yaml') {
    return { status, contentType: 'application/yaml', body: await toYAML(value) }
  }
  if (media.format === 'protobuf') {
    const { loadProtobufEncoder } = await import('../api/protobufencode.ts')
    return { status, contentType: protobufMediaType, body: (await loadProtobufEncoder()).object(value) }
  }
  const text = media.pretty ? JSON.stringify(value, null, 2) : `${JSON.stringify(value)}\n`
  return { status, contentType: 'application/json', body: Buffer.from(text) }
}

/** JSON that is encoded already; parsed again only for the few who want it in another form. */
export async function bytesReply(status: number, bytes: readonly Buffer[], media: MediaType): Promise<Reply> {
  if (media.format === 'json' && !media.pretty) {
    const body = bytes.length === 1 ? bytes[0]! : [...bytes, newline]
    return { status, contentType: 'application/json', body }
  }
  return valueReply(status, JSON.parse(Buffer.concat(bytes).toString()), media)
}

const plainHeaders: ReplyHeaders = { 'x-content-type-options': 'nosniff' }

export function textReply(status: number, text: string, headers: ReplyHeaders = {}): Reply {
  return {
    status,
    contentType: 'text/plain; charset=utf-8',
    headers: { ...plainHeaders, ...headers },
    body: Buffer.from(text),
  }
}

export async function errorReply(request: ServerRequest, error: StatusError): Promise<Reply> {
  const reply = await valueReply(error.code, error.toStatus(), mediaForErrors(request))
  const seconds = error.details?.retryAfterSeconds
  return seconds ? { ...reply, headers: { 'retry-after': String(seconds) } } : reply
}

export const noSuchPath = () =>
  new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  })

export const methodNotAllowed = () =>
  new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  })

/**
 * A string as HTTP's quoted-string; line ends and other controls, which no header may hold, are dropped.
 */
function quoted(text: string): string {
  const printable = [...text].filter(char => char >= ' ' && char !== '\u007f').join('')
  return `"${printable.replace(/[\\"]/g, '\\$&')}"`
}

const maxWarningBytes = 4096

/** The value of a Warning header: code 299, no agent, the sentence (RFC 7234, section 5.5). */
export const formatWarning = (sentence: string) => `299 - ${quoted(sentence)}`

/** All headers of a reply as a flat list of names and values, without the content's length. */
export function headersOf(request: ServerRequest, reply: Reply): string[] {
  const list = ['audit-id', request.id, 'cache-control', 'no-cache, private']
  if (reply.contentType !== '') list.push('content-type', reply.contentType)
  for (const name in reply.headers) {
    if (name === 'cache-control') list[3] = reply.headers[name]!
    else list.push(name, reply.headers[name]!)
  }
  for (const cookie of reply.cookies ?? []) list.push('set-cookie', cookie)
  for (const name in request.replyHeaders) list.push(name, request.replyHeaders[name]!)
  let room = maxWarningBytes
  for (const sentence of new Set(request.warnings)) {
    const value = formatWarning(sentence)
    room -= Buffer.byteLength(value)
    if (room < 0) break
    list.push('warning', Buffer.from(value).toString('latin1'))
  }
  return list
}
