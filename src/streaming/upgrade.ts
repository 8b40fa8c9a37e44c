// Which streaming protocol an upgrade request asks for, and the answer that switches to it (RFC 9110,
// section 7.8; k8s.io/apimachinery pkg/util/httpstream).
import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { badRequest } from '../api/status.ts'

export interface UpgradeRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** False where the connection carries other requests, too. */
  readonly canUpgrade: boolean
}

/** How an upgrade request is answered. */
export type UpgradeAnswer =
  /** Takes the connection over, and answers on it. */
  | { readonly type: 'serve'; readonly serve: (socket: Duplex, head: Buffer) => void }
  /** Status 403, with this text. */
  | { readonly type: 'refuse'; readonly text: string; readonly headers: Readonly<Record<string, string>> }

export type UpgradeProtocol = 'spdy' | 'websocket'

/** Subprotocols, the best first. */
export type SupportedProtocols = Readonly<Record<UpgradeProtocol, readonly string[]>>

const headerText = (value: string | readonly string[] | undefined) =>
  value === undefined ? '' : typeof value === 'string' ? value : value.join(', ')

function namesIn(value: string | readonly string[] | undefined): string[] {
  return headerText(value)
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}

function upgradeProtocolOf(request: UpgradeRequest): UpgradeProtocol {
  const { headers, canUpgrade } = request
  const asked = headerText(headers.upgrade).toLowerCase()
  const connection = namesIn(headers.connection).map(name => name.toLowerCase())
  if (wantsWebSocket(request)) return 'websocket'
  if (canUpgrade && connection.includes('upgrade') && asked.startsWith('spdy/3.1')) return 'spdy'
  throw badRequest('Upgrade request required')
}

/** Whether a request that can be answered as any other wants its answer over a WebSocket. */
export function wantsWebSocket({ headers, canUpgrade }: UpgradeRequest): boolean {
  const connection = namesIn(headers.connection).map(name => name.toLowerCase())
  return (
    canUpgrade && connection.includes('upgrade') && headerText(headers.upgrade).toLowerCase() === 'websocket'
  )
}

const askedIn: Readonly<Record<UpgradeProtocol, string>> = {
  spdy: 'x-stream-protocol-version',
  websocket: 'sec-websocket-protocol',
}

export interface Negotiated {
  readonly upgrade: UpgradeProtocol
  readonly protocol: string
}

/**
 * The first of the client's subprotocols that is supported, or what a client gets whose are all unknown. The
 * empty one, where it is supported, is that of clients that name none.
 * Throws BadRequest when the request asks for no protocol that is spoken here.
 */
export function negotiate(
  request: UpgradeRequest,
  supported: SupportedProtocols,
): Negotiated | (UpgradeAnswer & { readonly type: 'refuse' }) {
  const upgrade = upgradeProtocolOf(request)
  const asked = namesIn(request.headers[askedIn[upgrade]])
  const known = supported[upgrade]
  const protocol =
    asked.length === 0 ? known.find(name => name === '') : asked.find(name => known.includes(name))
  if (protocol !== undefined) return { upgrade, protocol }
  const named = known.filter(name => name !== '')
  const text =
    `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], ` +
    `server accepts [${named.join(' ')}]`
  return { type: 'refuse', text, headers: { 'x-accepted-stream-protocol-versions': named.join(', ') } }
}

/** The head that switches a connection to SPDY. */
export const switchToSpdy = (protocol: string) =>
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
  `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`
