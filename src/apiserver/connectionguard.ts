// Ends connections that only cost: handshakes and requests that do not come to an end, peers that are gone
// without a word, and readers that have stopped reading. A watch that is merely quiet is none of them.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  constants,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Clock, Timer } from '../component/clock.ts'
import { hasBody } from './httpmessage.ts'

export interface ConnectionTimeouts {
  /** For the TLS handshake. */
  readonly handshakeMs: number
  /** For the head of a request. */
  readonly headersMs: number
  /** For the body of a request, but for one that is passed on as it comes. */
  readonly bodyMs: number
  /** Without anything sent or taken: an idle connection ends, a reader is cut off, a silent peer is asked. */
  readonly idleMs: number
  /** For the answer to that question. */
  readonly pingMs: number
}

/** The grace of http.Server and upstream's read timeouts. */
export const defaultTimeouts: ConnectionTimeouts = {
  handshakeMs: 10_000,
  headersMs: 32_000,
  bodyMs: 60_000,
  idleMs: 90_000,
  pingMs: 15_000,
}

/** Where the kernel begins to ask a silent peer whether it is still there. */
const keepAliveProbeMs = 30_000

/** How often requests are looked at that are too slow. */
const checksPerTimeout = 4

type Message = IncomingMessage | Http2ServerRequest

/** As Node.js does it. */
function endWithTimeout(response: ServerResponse, socket: Socket) {
  if (!response.headersSent && socket.writable) {
    socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
  }
  socket.destroySoon()
}

export class ConnectionGuard {
  readonly #clock: Clock
  readonly #timeouts: ConnectionTimeouts
  /** Requests under way on a connection. */
  readonly #underWay = new WeakMap<object, number>()
  /** The time that is left for bodies to come. */
  readonly #bodies = new WeakMap<object, Timer>()

  constructor(clock: Clock, timeouts: ConnectionTimeouts = defaultTimeouts) {
    this.#clock = clock
    this.#timeouts = timeouts
  }

  /** Before the server listens. */
  attach(server: Http2SecureServer) {
    const { headersMs, idleMs } = this.#timeouts
    Object.assign(server, {
      timeout: idleMs,
      keepAliveTimeout: idleMs,
      headersTimeout: headersMs,
      // Node's own would end proxied uploads, too.
      requestTimeout: 0,
      connectionsCheckingInterval: headersMs / checksPerTimeout,
    })
    server.on('connection', (socket: Socket) => void socket.setKeepAlive(true, keepAliveProbeMs))
    server.on('timeout', (idle: Socket | ServerHttp2Session) => {
      if ('ping' in idle) this.#ask(idle)
      else if (!this.#underWay.get(idle) || idle.writableLength > 0) idle.destroy()
    })
  }

  /** A request has come and will be answered by `response`. */
  serve(message: Message, response: ServerResponse | Http2ServerResponse) {
    if ('stream' in response) {
      const { stream } = response
      if (hasBody(message)) {
        this.#awaitEnd(message, stream, () => stream.close(constants.NGHTTP2_CANCEL))
      }
      this.#countUntilClosed(stream.session, stream)
    } else {
      const { socket } = message
      if (hasBody(message)) {
        this.#awaitEnd(message, message, () => endWithTimeout(response, socket))
      }
      this.#countUntilClosed(socket, response)
    }
  }

  /** The body of this request may take as long as it takes. */
  release(message: Message) {
    this.#bodies.get(message)?.cancel()
  }

  #awaitEnd(message: Message, body: Readable, cutOff: () => void) {
    const timer = this.#clock.after(this.#timeouts.bodyMs, () => {
      if (!body.readableEnded) cutOff()
    })
    this.#bodies.set(message, timer)
    body.once('end', () => timer.cancel())
    body.once('close', () => timer.cancel())
  }

  #countUntilClosed(connection: object | undefined, exchange: EventEmitter) {
    if (!connection) return
    const count = (change: number) =>
      this.#underWay.set(connection, (this.#underWay.get(connection) ?? 0) + change)
    count(1)
    exchange.once('close', () => count(-1))
  }

  /** Streams wait, and whether the other side is still there is not known. */
  #ask(session: ServerHttp2Session) {
    if (session.destroyed) return
    if (!this.#underWay.get(session)) session.close()
    const timer = this.#clock.after(this.#timeouts.pingMs, () => session.destroy())
    session.once('close', () => timer.cancel())
    if (!session.ping(() => timer.cancel())) session.destroy()
  }
}
