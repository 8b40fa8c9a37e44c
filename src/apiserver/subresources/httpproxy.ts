// Passes one HTTP request on to a server that is reached through any connection, and its answer back: headers
// that belong to one connection are left out, links that lead to the server's root lead to the proxied one
// (upstream pkg/util/proxy, UpgradeAwareHandler and Transport; RFC 9110, section 7.6).
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as sendRequest,
} from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { connect as connectTLS } from 'node:tls'
import { constants, createGunzip, createGzip } from 'node:zlib'
import { StatusError } from '../../api/status.ts'
import type { Reply, ReplyStream, ServerRequest } from '../request.ts'
import { upgradeReply } from './command.ts'
import { LinkRewriter, type ProxiedPlace, rewriteLink } from './proxiedpage.ts'
import type { ProxyTarget } from './proxytarget.ts'

export interface ProxiedRequest {
  readonly request: ServerRequest
  readonly target: ProxyTarget
  /** The part of the request's path that stands for the server's root. */
  readonly prefix: string
  /** Path and query, as the server is asked. */
  readonly path: string
}

/** They are about one connection (RFC 9110, section 7.6.1). */
const connectionHeaders = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'http2-settings',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Or about who asks the API server, and what has been answered already. */
const notSent = new Set([...connectionHeaders, 'authorization', 'host', 'expect'])
const notAnswered = new Set([...connectionHeaders, 'content-type', 'content-length'])

/** What the client calls the API server. */
const calledHost = ({ headers }: ServerRequest) => {
  const host = headers.host ?? headers[':authority']
  return host === undefined ? undefined : String(host)
}

type Headers = Record<string, string | readonly string[]>

/** Those that the message itself says to be about one connection, too. */
function namedInConnection({ connection }: IncomingHttpHeaders): Set<string> {
  return new Set((connection ?? '').split(',').map(name => name.trim().toLowerCase()))
}

function requestHeaders({ request, target, prefix, path }: ProxiedRequest): Headers {
  const { headers, remoteAddress } = request
  // The server sees whom the client believes to ask, as upstream.
  const host = calledHost(request) ?? target.host
  const passed: Headers = {
    host,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'https',
    'x-forwarded-uri': prefix + path.replace(/\?.*/, ''),
  }
  const own = namedInConnection(headers)
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || notSent.has(name) || own.has(name)) continue
    if (!name.startsWith(':') && !name.startsWith('impersonate-')) passed[name] = value
  }
  const before = headers['x-forwarded-for']
  if (remoteAddress)
    passed['x-forwarded-for'] = [...(before ? [before].flat() : []), remoteAddress].join(', ')
  return passed
}

const secured = (socket: Duplex): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    // Whoever the certificate names: Pods have none that anybody knows.
    const secure = connectTLS({ socket: socket as never, rejectUnauthorized: false })
    const fail = (error?: Error) => reject(error ?? new Error('the connection was closed'))
    secure.once('error', fail)
    secure.once('close', fail)
    secure.once('secureConnect', () => {
      secure.off('error', fail)
      resolve(secure)
    })
  })

interface Answer {
  readonly message: IncomingMessage
  /** Of an upgrade. */
  readonly upgraded?: { readonly socket: Duplex; readonly head: Buffer }
}

/** The request's body goes as it comes, no faster than it is taken. */
function send(body: Readable, sent: ClientRequest, socket: Duplex): void {
  body.pipe(sent)
  body.once('error', () => socket.destroy())
  body.once('close', () => {
    if (!body.readableEnded) socket.destroy()
  })
  // Answered before all of it was read: the rest is nobody's, and must not keep the answer from being taken.
  sent.once('close', () => body.unpipe(sent).resume())
}

async function ask(proxied: ProxiedRequest, upgrade: string | undefined): Promise<Answer> {
  const { request, target, path } = proxied
  const { method, signal } = request
  const raw = await target.connect()
  const leave = () => raw.destroy()
  signal?.addEventListener('abort', leave, { once: true })
  raw.once('close', () => signal?.removeEventListener('abort', leave))
  if (signal?.aborted) leave()
  const socket = target.scheme === 'https' ? await secured(raw) : raw
  // Who is told to close a connection may do so while a body is still on its way, and take the answer along.
  const connection = upgrade ? { connection: 'Upgrade', upgrade } : { connection: 'keep-alive' }
  const body = upgrade === undefined ? request.openBody() : undefined
  const isChunked = body && request.headers['content-length'] === undefined
  const headers = {
    ...requestHeaders(proxied),
    ...connection,
    ...(isChunked ? { 'transfer-encoding': 'chunked' } : {}),
  }
  const createConnection = () => socket as never
  return new Promise((resolve, reject) => {
    const sent = sendRequest({ method, path, headers: headers as never, createConnection })
    sent.once('response', message => {
      message.once('close', () => socket.destroy())
      resolve({ message })
    })
    sent.once('upgrade', (message, own, head) => resolve({ message, upgraded: { socket: own, head } }))
    sent.on('error', reject)
    if (body) send(body, sent, socket)
    else sent.end()
  })
}

function replyHeaders(headers: IncomingHttpHeaders, place: ProxiedPlace) {
  const passed: Record<string, string> = {}
  const own = namedInConnection(headers)
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && !notAnswered.has(name) && !own.has(name)) passed[name] = value
  }
  if (headers.location) passed.location = rewriteLink(headers.location, place)
  return passed
}

/** So much may wait for a client before the server is read no further. */
const maxPendingBytes = 256 * 1024

/** A message that breaks off breaks the reply off. */
function stream(message: IncomingMessage, reply: ReplyStream, through: readonly Duplex[] = []): void {
  const body = through.reduce<Readable>((from, to) => from.pipe(to), message)
  body.on('data', (chunk: Buffer) => {
    reply.write([chunk])
    if (reply.pendingBytes > maxPendingBytes) body.pause()
  })
  reply.onDrain(() => body.resume())
  reply.onClose(() => {
    for (const part of [message, ...through]) part.destroy()
  })
  body.once('end', () => reply.end())
  for (const part of [message, ...through]) part.once('error', () => reply.destroy())
  // Broken off before anybody listened.
  if (message.destroyed && !message.complete) reply.destroy()
}

/** What a page goes through; undefined: it cannot be read. */
function pageFilters(encoding: string | undefined, place: ProxiedPlace): readonly Duplex[] | undefined {
  if (encoding === undefined) return [new LinkRewriter(place)]
  if (encoding !== 'gzip') return undefined
  // What has come is seen at once.
  return [createGunzip(), new LinkRewriter(place), createGzip({ flush: constants.Z_SYNC_FLUSH })]
}

const isPage = (contentType: string) => /^text\/html\s*(;|$)/.test(contentType)

function replyOf(message: IncomingMessage, { request, target, prefix }: ProxiedRequest): Reply {
  const { statusCode: status = 502, headers } = message
  const place = { prefix, hosts: [target.host, calledHost(request) ?? target.host] }
  const contentType = headers['content-type'] ?? ''
  const length = headers['content-length'] === undefined ? {} : { length: Number(headers['content-length']) }
  const cookies = headers['set-cookie'] ?? []
  const shared = { status, contentType, headers: replyHeaders(headers, place), cookies }
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    message.resume()
    // Without a length there is none to be told of what HEAD leaves out, not even nought.
    const isUnknown = request.method === 'HEAD' && headers['content-length'] === undefined
    return { ...shared, ...length, body: isUnknown ? reply => reply.end() : Buffer.alloc(0) }
  }
  const through = isPage(contentType) && !headers.location && pageFilters(headers['content-encoding'], place)
  if (through) return { ...shared, body: reply => stream(message, reply, through) }
  return { ...shared, ...length, body: reply => stream(message, reply) }
}

function upgradeHead(
  { statusCode, statusMessage, rawHeaders }: IncomingMessage,
  without: readonly string[] = [],
): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  if (without.includes('connection')) lines.push('Connection: close')
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (without.includes(rawHeaders[index]!.toLowerCase())) continue
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

function join(client: Duplex, server: Duplex): void {
  if (client.destroyed) server.destroy()
  client.pipe(server)
  server.pipe(client)
  client.once('close', () => server.destroy())
  server.once('close', () => client.destroy())
  for (const socket of [client, server]) socket.on('error', () => socket.destroy())
}

const isUpgrade = ({ canUpgrade, headers }: ServerRequest) =>
  canUpgrade && /\bupgrade\b/i.test(String(headers.connection ?? '')) ? headers.upgrade : undefined

/** What the server says in place of switching is all that the connection still carries. */
function refusal(message: IncomingMessage): Reply {
  return {
    ...upgradeReply(socket => {
      socket.write(upgradeHead(message, connectionHeaders), 'latin1')
      message.pipe(socket)
      message.once('error', () => socket.destroy())
      socket.once('close', () => message.destroy())
    }),
    status: message.statusCode ?? 502,
  }
}

const unreachable = (why: string) =>
  new StatusError({
    code: 503,
    reason: 'ServiceUnavailable',
    message: `error trying to reach service: ${why}`,
  })

/** Throws ServiceUnavailable when the server cannot be reached. */
export async function proxyRequest(proxied: ProxiedRequest): Promise<Reply> {
  const upgrade = isUpgrade(proxied.request)
  let answer: Answer
  try {
    answer = await ask(proxied, upgrade)
  } catch (error) {
    throw unreachable(error instanceof Error ? error.message : String(error))
  }
  const { message, upgraded } = answer
  if (upgraded && !upgrade) {
    upgraded.socket.destroy()
    throw unreachable('it switches protocols unasked')
  }
  if (!upgraded) return upgrade ? refusal(message) : replyOf(message, proxied)
  return upgradeReply((socket, head) => {
    socket.write(upgradeHead(message), 'latin1')
    if (upgraded.head.length > 0) socket.write(upgraded.head)
    if (head.length > 0) upgraded.socket.write(head)
    join(socket, upgraded.socket)
  })
}
