// One HTTP exchange, of either version: the incoming message becomes a ServerRequest, a Reply becomes the
// answer.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { badRequest, StatusError } from '../api/status.ts'
import { headersSent } from './impersonationheaders.ts'
import { isGone, largeBytes, sendLarge } from './largebody.ts'
import { headersOf } from './reply.ts'
import { http1Stream, plainStream } from './replystream.ts'
import type { Reply, ReplyStream, RequestInit, ServerRequest } from './request.ts'

export type Incoming = IncomingMessage | Http2ServerRequest
export type Outgoing = ServerResponse | Http2ServerResponse

export const maxBodyBytes = 3 * 1024 * 1024

const tooLarge = () =>
  new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: limit is ${maxBodyBytes}`,
  })

/** The whole body; rejects with RequestEntityTooLarge as soon as it is known to be too long. */
export function readBody(message: Incoming): Promise<Buffer> {
  if (Number(message.headers['content-length']) > maxBodyBytes) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBodyBytes) reject(tooLarge())
      else chunks.push(chunk)
    })
    message.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)))
    message.on('error', reject)
    message.on('close', () => {
      if (!message.complete) reject(badRequest('the body of the request was cut off'))
    })
  })
}

/** A signal, made only when somebody asks for it, that is aborted when the client goes away. */
export function goneSignal(response: Outgoing): () => AbortSignal {
  let controller: AbortController | undefined
  return () => {
    if (!controller) {
      const made = new AbortController()
      controller = made
      if (isGone(response)) made.abort()
      else response.once('close', () => made.abort())
    }
    return controller.signal
  }
}

/** Of any length, even none. */
export const hasBody = (message: Incoming): boolean =>
  'stream' in message
    ? !message.stream.endAfterHeaders
    : message.headers['transfer-encoding'] !== undefined || Number(message.headers['content-length']) > 0

/** `onOpenBody` hears of a body that will take as long as it takes. */
export function requestInit(
  message: Incoming,
  { response, onOpenBody }: { readonly response?: Outgoing; readonly onOpenBody?: () => void } = {},
): RequestInit {
  return {
    method: message.method ?? 'GET',
    // Over HTTP/2, a CONNECT has none.
    target: message.url ?? '*',
    headers: headersSent(message),
    readBody: () => readBody(message),
    openBody() {
      if (!hasBody(message)) return undefined
      onOpenBody?.()
      return message
    },
    ...(response ? { signal: goneSignal(response) } : { canUpgrade: true }),
  }
}

/** Answers from this size on are compressed for who accepts it, as upstream. */
const minGzipBytes = 128 * 1024

const gzipFast = promisify(gzip)

const acceptsGzip = (request: ServerRequest) =>
  /(^|[\s,])gzip\s*(;\s*q=(1|0?\.\d*[1-9])\d*\s*)?(,|$)/.test(
    String(request.headers['accept-encoding'] ?? ''),
  )

interface Body {
  readonly parts: readonly Buffer[]
  readonly length: number
  readonly encoding?: 'gzip'
}

function total(parts: readonly Buffer[]): number {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

async function compressed(parts: readonly Buffer[]): Promise<Body> {
  const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  const bytes = await gzipFast(whole, { level: constants.Z_BEST_SPEED })
  return { parts: [bytes], length: bytes.length, encoding: 'gzip' }
}

const gzipHeaders = ['content-encoding', 'gzip', 'vary', 'Accept-Encoding']

/** Parts up to this size are joined: one write costs less than several. */
const joinBelowBytes = 64 * 1024

function sendBody(response: Outgoing, headers: string[], { status, body }: { status: number; body: Body }) {
  if (body.encoding) headers.push(...gzipHeaders)
  headers.push('content-length', String(body.length))
  response.writeHead(status, headers as never)
  const parts =
    body.parts.length > 1 && body.length < joinBelowBytes ? [Buffer.concat(body.parts)] : body.parts
  const last = parts.length - 1
  if (last < 0 || body.length === 0) {
    response.end()
    return
  }
  if (last > 0 && 'cork' in response) response.cork()
  const target = response as ServerResponse
  for (let index = 0; index < last; index++) target.write(parts[index]!)
  target.end(parts[last]!)
}

function openStream(response: Outgoing, headers: string[], { status, length }: Reply): ReplyStream {
  if (length !== undefined) headers.push('content-length', String(length))
  if ('stream' in response) {
    response.writeHead(status, headers as never)
    return plainStream(response)
  }
  const { req, socket } = response
  if (length !== undefined || !socket || req.httpVersionMinor < 1) {
    response.writeHead(status, headers)
    response.flushHeaders()
    return plainStream(response)
  }
  headers.push('transfer-encoding', 'chunked')
  response.writeHead(status, headers)
  response.flushHeaders()
  return http1Stream(response, socket)
}

/** Sends a reply; resolves once it is handed to the connection. Streams are given to `onStream` first. */
export async function sendReply(
  exchange: { readonly request: ServerRequest; readonly response: Outgoing },
  reply: Reply,
  onStream: (stream: ReplyStream) => void,
): Promise<void> {
  const { request, response } = exchange
  if (isGone(response)) return
  const headers = headersOf(request, reply)
  if (typeof reply.body === 'function') {
    const stream = openStream(response, headers, reply)
    onStream(stream)
    reply.body(stream)
    return
  }
  const parts: readonly Buffer[] = Buffer.isBuffer(reply.body) ? [reply.body] : reply.body
  if (reply.length !== undefined) {
    response.writeHead(reply.status, [...headers, 'content-length', String(reply.length)] as never)
    response.end()
    return
  }
  const length = total(parts)
  const gzip =
    length >= minGzipBytes && reply.headers?.['content-encoding'] === undefined && acceptsGzip(request)
  if (length >= largeBytes && request.method !== 'HEAD') {
    if (gzip) headers.push(...gzipHeaders)
    else headers.push('content-length', String(length))
    return sendLarge(response, parts, { gzip, status: reply.status, headers })
  }
  const body = gzip ? await compressed(parts) : { parts, length }
  if (isGone(response)) return
  sendBody(response, headers, { status: reply.status, body })
}
