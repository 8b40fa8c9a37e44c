// Ends connections that only cost: handshakes and requests that do not come to an end, peers that are gone
// without a word, and readers that have stopped reading. A watch that is merely quiet is none of them.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  Http2SecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  ServerHttp2Session,
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
  /** Requests under way on a connection of HTTP/1. */
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
    server.on('timeout', (socket: Socket) => {
      if (!this.#underWay.get(socket) || socket.writableLength > 0) socket.destroy()
    })
    server.on('session', session => this.#watchOver(session))
  }

  /** A request has come and will be answered by `response`. */
  serve(message: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) {
    if ('stream' in response) {
      const { stream } = response
      // The answer is complete, the request is not and never needs to be.
      stream.once('finish', () => message.complete || stream.close())
      return
    }
    const { socket } = message
    this.#count(socket, 1)
    response.once('close', () => this.#count(socket, -1))
  }

  #count(socket: object, change: number) {
    this.#underWay.set(socket, (this.#underWay.get(socket) ?? 0) + change)
  }

  #watchOver(session: ServerHttp2Session) {
    let open = 0
    session.on('stream', stream => {
      open++
      stream.once('close', () => open--)
    })
    session.setTimeout(this.#timeouts.idleMs, () => {
      if (session.destroyed) return
      if (open === 0) session.close()
      const timer = this.#clock.after(this.#timeouts.pingMs, () => session.destroy())
      const answered = session.ping(() => timer.cancel())
      if (!answered) session.destroy()
      session.once('close', () => timer.cancel())
    })
  }
}
