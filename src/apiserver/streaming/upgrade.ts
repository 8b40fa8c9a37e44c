// Which streaming protocol an upgrade request asks for, and the answer that switches to it (RFC 9110,
// section 7.8; k8s.io/apimachinery pkg/util/httpstream).
import { badRequest } from '../../api/status.ts'
import { textReply } from '../reply.ts'
import type { Reply, ServerRequest } from '../request.ts'

export type UpgradeProtocol = 'spdy' | 'websocket'

const headerText = (value: string | readonly string[] | undefined) =>
  value === undefined ? '' : typeof value === 'string' ? value : value.join(', ')

function namesIn(value: string | readonly string[] | undefined): string[] {
  return headerText(value)
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}

/** Throws BadRequest when the request asks for no protocol that is spoken here. */
export function upgradeProtocolOf(request: ServerRequest): UpgradeProtocol {
  const { headers } = request
  const asked = headerText(headers.upgrade).toLowerCase()
  const connection = namesIn(headers.connection).map(name => name.toLowerCase())
  if (request.canUpgrade && connection.includes('upgrade')) {
    if (asked.startsWith('spdy/3.1')) return 'spdy'
    if (asked === 'websocket') return 'websocket'
  }
  throw badRequest('Upgrade request required')
}

/** The first of the client's protocols that is supported. */
export const chooseProtocol = (asked: readonly string[], supported: readonly string[]) =>
  asked.find(name => supported.includes(name))

export const spdyProtocols = (request: ServerRequest) => namesIn(request.headers['x-stream-protocol-version'])

export const webSocketProtocols = (request: ServerRequest) =>
  namesIn(request.headers['sec-websocket-protocol'])

/** What a client gets whose protocols are all unknown. */
export function refuseProtocols(asked: readonly string[], supported: readonly string[]): Reply {
  const text =
    `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], ` +
    `server accepts [${supported.join(' ')}]`
  return textReply(403, text, { 'x-accepted-stream-protocol-versions': supported.join(', ') })
}

/** The head that switches a connection to SPDY. */
export const switchToSpdy = (protocol: string) =>
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
  `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`

export const upgradeReply = (upgrade: NonNullable<Reply['upgrade']>): Reply => ({
  status: 101,
  contentType: '',
  body: [],
  upgrade,
})
