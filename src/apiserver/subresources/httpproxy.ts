// Passes one HTTP request on to a server that is reached through any connection, and its answer back: headers
// that belong to one connection are left out, links that lead to the server's root lead to the proxied one
// (upstream pkg/util/proxy, UpgradeAwareHandler and Transport; RFC 9110, section 7.6).
import { type IncomingHttpHeaders, type IncomingMessage, request as sendRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTLS } from 'node:tls'
import { StatusError } from '../../api/status.ts'
import type { Reply, ReplyStream, ServerRequest } from '../request.ts'
import { upgradeReply } from './command.ts'
import type { ProxyTarget } from './proxytarget.ts'

export interface ProxiedRequest {
  readonly request: ServerRequest
  readonly target: ProxyTarget
  /** The part of the request's path that stands for the server's root. */
  readonly prefix: string
  /** Path and query, as the server is asked. */
  readonly path: string
}

/** They are about one connection, or about who asks the API server. */
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'host',
  'content-length',
  'accept-encoding',
])

type Headers = Record<string, string | readonly string[]>

const isPassedOn = (name: string) =>
  !name.startsWith(':') && !name.startsWith('impersonate-') && !ownHeaders.has(name)

function requestHeaders({ request, target, prefix, path }: ProxiedRequest): Headers {
  const { headers } = request
  const passed: Headers = { host: target.host, 'x-forwarded-uri': prefix + path.replace(/\?.*/, '') }
  for (const [name, value] of Object.entries(headers)) if (value && isPassedOn(name)) passed[name] = value
  const from = headers.host ?? headers[':authority']
  if (from) passed['x-forwarded-host'] = String(from)
  passed['x-forwarded-proto'] = 'https'
  return passed
}

const secured = (socket: Duplex): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    // Whoever the certificate names: Pods have none that anybody knows.
    const secure = connectTLS({ socket: socket as never, rejectUnauthorized: false })
    secure.once('error', reject)
    secure.once('secureConnect', () => {
      secure.off('error', reject)
      resolve(secure)
    })
  })

interface Answer {
  readonly message: IncomingMessage
  /** Of an upgrade. */
  readonly upgraded?: { readonly socket: Duplex; readonly head: Buffer }
}

async function ask(proxied: ProxiedRequest, upgrade: string | undefined, body: Buffer): Promise<Answer> {
  const { request, target, path } = proxied
  const raw = await target.connect()
  const socket = target.scheme === 'https' ? await secured(raw) : raw
  const headers = {
    ...requestHeaders(proxied),
    ...(upgrade ? { connection: 'Upgrade', upgrade } : { connection: 'close' }),
    ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
  }
  request.signal?.addEventListener('abort', () => raw.destroy(), { once: true })
  return new Promise((resolve, reject) => {
    const { method } = request
    const sent = sendRequest({
      method,
      path,
      headers: headers as never,
      createConnection: () => socket as never,
    })
    sent.once('response', message => resolve({ message }))
    sent.once('upgrade', (message, own, head) => resolve({ message, upgraded: { socket: own, head } }))
    sent.once('error', reject)
    sent.end(body)
  })
}

/** A link to the server's root, or to the server by its name, leads through the proxy. */
export function rewriteLink(
  link: string,
  { prefix, host }: { readonly prefix: string; readonly host: string },
) {
  const own = new RegExp(`^https?://${host.replace(/[.[\]]/g, '\\$&')}(?=/|$)`)
  const path = link.replace(own, '')
  if (path === link && (!link.startsWith('/') || link.startsWith('//'))) return link
  return link.startsWith(`${prefix}/`) ? link : `${prefix}${path === '' ? '/' : path}`
}

const links =
  /(\s(?:href|src|action|cite|data|background|poster|formaction|longdesc|codebase)\s*=\s*["'])([^"']*)/gi

/** So much is read before it is passed on, so that its length is known to the client as well. */
const shortBytes = 256 * 1024
const mostRewrittenBytes = 8 * 1024 * 1024

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function replyHeaders(headers: IncomingHttpHeaders, where: { prefix: string; host: string }) {
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === 'content-type' || !isPassedOn(name)) continue
    passed[name] = Array.isArray(value) ? value.join(', ') : value
  }
  if (passed.location) passed.location = rewriteLink(passed.location, where)
  return passed
}

/** So much may wait for a client before the server is read no further. */
const maxPendingBytes = 256 * 1024

function stream(message: IncomingMessage, reply: ReplyStream): void {
  message.on('data', (chunk: Buffer) => {
    reply.write([chunk])
    if (reply.pendingBytes > maxPendingBytes) message.pause()
  })
  reply.onDrain(() => message.resume())
  reply.onClose(() => message.destroy())
  message.once('end', () => reply.end())
  message.once('error', () => reply.destroy())
}

async function replyOf(
  message: IncomingMessage,
  { request, target, prefix }: ProxiedRequest,
): Promise<Reply> {
  const { statusCode: status = 502, headers } = message
  const where = { prefix, host: target.host }
  const contentType = headers['content-type'] ?? ''
  const shared = { status, contentType, headers: replyHeaders(headers, where) }
  const length = Number(headers['content-length'])
  if (request.method === 'HEAD' || status === 204 || status === 304 || length === 0) {
    message.resume()
    return { ...shared, body: Buffer.alloc(0) }
  }
  const isPage = contentType.startsWith('text/html') && !headers['content-encoding']
  if (isPage && !(length > mostRewrittenBytes)) {
    const text = (await bodyOf(message)).toString('latin1')
    const rewritten = text.replace(
      links,
      (_, before: string, link: string) => before + rewriteLink(link, where),
    )
    return { ...shared, body: Buffer.from(rewritten, 'latin1') }
  }
  const isShort = length <= shortBytes || headers.location !== undefined
  return { ...shared, body: isShort ? await bodyOf(message) : reply => stream(message, reply) }
}

function upgradeHead({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
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

/** Throws ServiceUnavailable when the server cannot be reached. */
export async function proxyRequest(proxied: ProxiedRequest): Promise<Reply> {
  const upgrade = isUpgrade(proxied.request)
  // Before anything is connected, so that nothing is left open by a client that gives up.
  const sent = upgrade ? Buffer.alloc(0) : await proxied.request.readBody()
  let answer: Answer
  try {
    answer = await ask(proxied, upgrade, sent)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const message = `error trying to reach service: ${why}`
    throw new StatusError({ code: 503, reason: 'ServiceUnavailable', message })
  }
  const { message, upgraded } = answer
  if (!upgraded) return replyOf(message, proxied)
  return upgradeReply((socket, head) => {
    socket.write(upgradeHead(message), 'latin1')
    if (upgraded.head.length > 0) socket.write(upgraded.head)
    if (head.length > 0) upgraded.socket.write(head)
    join(socket, upgraded.socket)
  })
}
