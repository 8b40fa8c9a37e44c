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
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../component/clock.ts'

export interface ConnectionTimeouts {
  /** For the TLS handshake. */
  readonly handshakeMs: number
  /** For the head of a request. */
  readonly headersMs: number
  /** For a whole request. */
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

export class ConnectionGuard {
  readonly #clock: Clock
  readonly #timeouts: ConnectionTimeouts
  /** Requests under way on a connection. */
  readonly #underWay = new WeakMap<object, number>()

  constructor(clock: Clock, timeouts: ConnectionTimeouts = defaultTimeouts) {
    this.#clock = clock
    this.#timeouts = timeouts
  }

  /** Before the server listens. */
  attach(server: Http2SecureServer) {
    const { headersMs, bodyMs, idleMs } = this.#timeouts
    Object.assign(server, {
      timeout: idleMs,
      keepAliveTimeout: idleMs,
      headersTimeout: headersMs,
      requestTimeout: bodyMs,
      connectionsCheckingInterval: Math.min(headersMs, bodyMs) / checksPerTimeout,
    })
    server.on('connection', (socket: Socket) => void socket.setKeepAlive(true, keepAliveProbeMs))
    server.on('timeout', (idle: Socket | ServerHttp2Session) => {
      if ('ping' in idle) this.#ask(idle)
      else if (!this.#underWay.get(idle) || idle.writableLength > 0) idle.destroy()
    })
  }

  /** A request has come and will be answered by `response`. */
  serve(message: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) {
    if ('stream' in response) {
      const { stream } = response
      if (!stream.endAfterHeaders) this.#awaitEnd(stream)
      this.#countUntilClosed(stream.session, stream)
    } else this.#countUntilClosed(message.socket, response)
  }

  /** Over HTTP/2 a request has as long as Node's own timeouts give it over HTTP/1. */
  #awaitEnd(stream: ServerHttp2Stream) {
    const timer = this.#clock.after(this.#timeouts.bodyMs, () => {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_CANCEL)
    })
    stream.once('end', () => timer.cancel())
    stream.once('close', () => timer.cancel())
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
