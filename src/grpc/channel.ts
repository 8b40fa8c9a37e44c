// gRPC over one HTTP/2 connection (grpc/doc/PROTOCOL-HTTP2.md): unary calls and streams from the server,
// which is all that container runtimes, health probes and etcd need. A connection that has ended is opened
// again by the next call.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Clock, Timer } from '../component/clock.ts'
import { GRPCError, grpcCode } from './error.ts'
import { frameOf, MessageParser } from './frames.ts'

export { GRPCError, grpcCode }

export interface GRPCCall {
  /** `/runtime.v1.RuntimeService/Version`. */
  readonly path: string
  readonly message: Buffer
  readonly metadata?: Readonly<Record<string, string>>
  /** For streams: leave our side open, as there may be servers that take its end for that of the whole. */
  readonly keepsOpen?: boolean
}

const decodePercents = (text: string) =>
  Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString()

interface Listener {
  onMessage(message: Buffer): void
  /** Undefined: it ended well. */
  onEnd(error: GRPCError | undefined): void
}

/** Reads one answer: messages, then the status, which may come in the first headers or the last. */
function readAnswer(connection: Connection, stream: ClientHttp2Stream, listener: Listener): void {
  const parser = new MessageParser(connection.maxMessageBytes)
  let status: IncomingHttpHeaders = {}
  let failure: GRPCError | undefined
  stream.on('response', headers => {
    if (headers['grpc-status'] !== undefined) status = headers
    const { ':status': code, 'content-type': type = 'application/grpc' } = headers
    const isGRPC = type.startsWith('application/grpc')
    if (code === 200 && isGRPC) return
    const why =
      code === 200
        ? `the server answers ${type}, expected application/grpc`
        : `unexpected HTTP status ${code}`
    failure = new GRPCError(grpcCode.unavailable, why)
    stream.destroy()
  })
  stream.on('trailers', headers => {
    status = headers
  })
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const message of parser.push(chunk)) listener.onMessage(message)
    } catch (error) {
      failure ??= error as GRPCError
      stream.destroy()
    }
  })
  stream.on('error', error => {
    failure ??= lost(connection, stream, error.message)
  })
  stream.once('close', () => {
    const code = status['grpc-status']
    if (code === undefined) {
      listener.onEnd(failure ?? lost(connection, stream, 'the connection was closed'))
    } else if (Number(code) !== grpcCode.ok) {
      const text = decodePercents(String(status['grpc-message'] ?? ''))
      listener.onEnd(new GRPCError(/^\d+$/.test(String(code)) ? Number(code) : grpcCode.unknown, text))
    } else listener.onEnd(failure ?? (parser.isCut ? incomplete('the answer is cut off') : undefined))
  })
}

const incomplete = (why: string) => new GRPCError(grpcCode.internal, why)

function lost(connection: Connection, stream: ClientHttp2Stream, why: string): GRPCError {
  const isUnsent = !connection.wasConnected || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
  return new GRPCError(grpcCode.unavailable, connection.failure ?? why, isUnsent)
}

/** A host with several addresses fails with an error for each, and no words of its own. */
const reasonOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map(({ message }) => message).join(', ') : error.message

interface Connection {
  readonly maxMessageBytes: number
  readonly session: ClientHttp2Session
  wasConnected: boolean
  /** It has been asked for a sign of life out of turn. */
  isChecked: boolean
  /** Why it ended. */
  failure: string | undefined
}

export interface GRPCChannelOptions {
  /** Default `http://localhost`, as for sockets in files. */
  readonly authority?: string
  /** A server that does not answer a ping for so long is given up; it is sent when the last has been. */
  readonly keepAliveMs?: number
  /** Default: as long as the operating system tries. */
  readonly connectTimeoutMs?: number
  /** What a server may send at once. Default 16 MiB, as for container runtimes. */
  readonly maxMessageBytes?: number
}

const defaultMaxMessageBytes = 16 * 1024 * 1024

/** How much a server may send before it has to wait for us: the protocol's 64 KiB are few. */
const windowBytes = 4 * 1024 * 1024

export class GRPCChannel {
  readonly #open: () => Duplex
  readonly #clock: Clock
  readonly #options: GRPCChannelOptions
  /** For the next call. */
  #connection: Connection | undefined
  /** All that are open, those too whose server wants no more calls. */
  readonly #sessions = new Set<ClientHttp2Session>()
  #isClosed = false

  /** `open` makes the connection: to a socket file, or to a host and a port. */
  constructor(open: () => Duplex, clock: Clock, options: GRPCChannelOptions = {}) {
    this.#open = open
    this.#clock = clock
    this.#options = options
  }

  #connected(): Connection {
    if (this.#isClosed) throw new GRPCError(grpcCode.unavailable, 'the channel is closed', true)
    const { authority = 'http://localhost', keepAliveMs, connectTimeoutMs } = this.#options
    const { maxMessageBytes = defaultMaxMessageBytes } = this.#options
    const known = this.#connection
    if (known && !known.session.closed && !known.session.destroyed) return known
    const socket = this.#open()
    const session = connect(authority, {
      createConnection: () => socket,
      settings: { initialWindowSize: windowBytes, enablePush: false },
    })
    const connection: Connection = {
      session,
      maxMessageBytes,
      wasConnected: false,
      isChecked: false,
      failure: undefined,
    }
    socket.once('error', error => {
      connection.failure ??= reasonOf(error)
    })
    const late = this.#giveUpAfter(connection, connectTimeoutMs)
    const forget = () => {
      late?.cancel()
      if (this.#connection === connection) this.#connection = undefined
    }
    session.once('connect', () => {
      // It may have been given up in the same moment.
      if (session.destroyed) return
      connection.wasConnected = true
      late?.cancel()
      session.setLocalWindowSize(windowBytes)
      if (keepAliveMs !== undefined) this.#keepAlive(connection, keepAliveMs)
    })
    session.on('error', error => {
      connection.failure ??= error.message
      forget()
    })
    session.on('goaway', forget)
    session.once('close', () => {
      this.#sessions.delete(session)
      forget()
    })
    this.#sessions.add(session)
    this.#connection = connection
    return connection
  }

  #giveUpAfter({ session }: Connection, timeoutMs: number | undefined): Timer | undefined {
    if (timeoutMs === undefined) return undefined
    return this.#clock.after(timeoutMs, () => session.destroy(new Error('the connection takes too long')))
  }

  /** Asks the server for a sign of life again and again; without one the connection ends. */
  #keepAlive(connection: Connection, intervalMs: number): void {
    const { session } = connection
    let timer = this.#clock.after(intervalMs, () => void ask())
    const ask = async () => {
      if (!(await this.#isAlive(connection, intervalMs))) return
      timer = this.#clock.after(intervalMs, () => void ask())
    }
    session.once('close', () => timer.cancel())
  }

  #isAlive({ session }: Connection, timeoutMs: number): Promise<boolean> {
    if (session.destroyed) return Promise.resolve(false)
    return new Promise(resolve => {
      const timer = this.#clock.after(timeoutMs, () => {
        session.destroy(new Error('the server does not answer'))
      })
      session.ping(error => {
        timer.cancel()
        resolve(!error && !session.destroyed)
      })
    })
  }

  /**
   * Ends the connection unless the server gives a sign of life in time; for when it is slow to answer. It is
   * asked once at a time: servers close connections that ask too often.
   */
  check(timeoutMs: number): void {
    const connection = this.#connection
    if (!connection?.wasConnected || connection.isChecked) return
    connection.isChecked = true
    void this.#isAlive(connection, timeoutMs).then(() => {
      connection.isChecked = false
    })
  }

  #request(connection: Connection, { path, metadata }: GRPCCall, timeoutMs?: number): ClientHttp2Stream {
    return connection.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${Math.ceil(timeoutMs)}m` }),
      ...metadata,
    })
  }

  /** Throws GRPCError; after `timeoutMs` with the code of an exceeded deadline. */
  call(call: GRPCCall, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const connection = this.#connected()
      const stream = this.#request(connection, call, timeoutMs)
      stream.end(frameOf(call.message))
      let answer: Buffer | undefined
      const timer = this.#clock.after(timeoutMs, () => {
        const isUnsent = !connection.wasConnected
        reject(new GRPCError(grpcCode.deadlineExceeded, 'context deadline exceeded', isUnsent))
        stream.destroy()
      })
      readAnswer(connection, stream, {
        onMessage(message) {
          answer ??= message
        },
        onEnd(error) {
          timer.cancel()
          if (!error && answer) resolve(answer)
          else reject(error ?? incomplete('the server ended the call without an answer'))
        },
      })
    })
  }

  /** Resolves when the server has ended the stream or `signal` is aborted; otherwise throws GRPCError. */
  subscribe(call: GRPCCall, onMessage: (message: Buffer) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const connection = this.#connected()
      const stream = this.#request(connection, call)
      if (call.keepsOpen) {
        stream.write(frameOf(call.message))
        stream.once('end', () => stream.end())
      } else stream.end(frameOf(call.message))
      // Not close(): with that, Node 20 never comes to an end when the session is destroyed next.
      const stop = () => stream.destroy()
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      readAnswer(connection, stream, {
        onMessage,
        onEnd(error) {
          signal.removeEventListener('abort', stop)
          if (error && !signal.aborted) reject(error)
          else resolve()
        },
      })
    })
  }

  /** Calls that are under way fail. */
  close(): void {
    this.#isClosed = true
    for (const session of this.#sessions) session.destroy()
  }
}
