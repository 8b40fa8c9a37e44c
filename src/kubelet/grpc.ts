// gRPC over one HTTP/2 connection (grpc/doc/PROTOCOL-HTTP2.md): unary calls and streams from the server,
// which is all that container runtimes and health probes need. A connection that has ended is opened again
// by the next call.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Clock } from '../component/clock.ts'

/** The status codes that callers tell apart. */
export const grpcCode = {
  ok: 0,
  unknown: 2,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
} as const

const codeNames: Readonly<Record<number, string>> = {
  1: 'Canceled',
  2: 'Unknown',
  3: 'InvalidArgument',
  4: 'DeadlineExceeded',
  5: 'NotFound',
  6: 'AlreadyExists',
  7: 'PermissionDenied',
  8: 'ResourceExhausted',
  9: 'FailedPrecondition',
  10: 'Aborted',
  11: 'OutOfRange',
  12: 'Unimplemented',
  13: 'Internal',
  14: 'Unavailable',
  15: 'DataLoss',
  16: 'Unauthenticated',
}

/** What a server answered instead of a message, worded as Kubernetes' own clients word it. */
export class GRPCError extends Error {
  readonly code: number
  /** The server's own words. */
  readonly detail: string

  constructor(code: number, detail: string) {
    super(`rpc error: code = ${codeNames[code] ?? code} desc = ${detail}`)
    this.name = 'GRPCError'
    this.code = code
    this.detail = detail
  }
}

export interface GRPCCall {
  /** `/runtime.v1.RuntimeService/Version`. */
  readonly path: string
  readonly message: Buffer
  readonly metadata?: Readonly<Record<string, string>>
}

const frameHeadBytes = 5

function frameOf(message: Buffer): Buffer {
  const head = Buffer.alloc(frameHeadBytes)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** Cuts a body into messages. */
class MessageParser {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Buffer[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const messages: Buffer[] = []
    while (bytes.length >= frameHeadBytes) {
      if (bytes[0] !== 0)
        throw new GRPCError(grpcCode.unimplemented, 'compressed messages are not understood')
      const end = frameHeadBytes + bytes.readUInt32BE(1)
      if (bytes.length < end) break
      messages.push(bytes.subarray(frameHeadBytes, end))
      bytes = bytes.subarray(end)
    }
    this.#rest = bytes
    return messages
  }
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
function readAnswer(stream: ClientHttp2Stream, listener: Listener): void {
  const parser = new MessageParser()
  let status: IncomingHttpHeaders = {}
  let failure: GRPCError | undefined
  stream.on('response', headers => {
    if (headers['grpc-status'] !== undefined) status = headers
    if (headers[':status'] !== 200) {
      failure = new GRPCError(grpcCode.unavailable, `unexpected HTTP status ${headers[':status']}`)
    }
  })
  stream.on('trailers', headers => {
    status = headers
  })
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const message of parser.push(chunk)) listener.onMessage(message)
    } catch (error) {
      failure = error as GRPCError
      stream.destroy()
    }
  })
  stream.on('error', error => {
    failure ??= new GRPCError(grpcCode.unavailable, error.message)
  })
  stream.once('close', () => {
    const code = status['grpc-status']
    if (code === undefined) {
      listener.onEnd(failure ?? new GRPCError(grpcCode.unavailable, 'the connection was closed'))
    } else if (Number(code) === grpcCode.ok) listener.onEnd(failure)
    else listener.onEnd(new GRPCError(Number(code), decodePercents(String(status['grpc-message'] ?? ''))))
  })
}

export class GRPCChannel {
  readonly #open: () => Duplex
  readonly #clock: Clock
  #session: ClientHttp2Session | undefined
  #isClosed = false

  /** `open` makes the connection: to a socket file, or to a host and a port. */
  constructor(open: () => Duplex, clock: Clock) {
    this.#open = open
    this.#clock = clock
  }

  #connected(): ClientHttp2Session {
    if (this.#isClosed) throw new GRPCError(grpcCode.unavailable, 'the channel is closed')
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session
    const session = connect('http://localhost', { createConnection: this.#open })
    const forget = () => {
      if (this.#session === session) this.#session = undefined
    }
    session.on('error', forget)
    session.on('goaway', forget)
    session.once('close', forget)
    this.#session = session
    return session
  }

  #request({ path, message, metadata }: GRPCCall, timeoutMs?: number): ClientHttp2Stream {
    const stream = this.#connected().request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${Math.ceil(timeoutMs)}m` }),
      ...metadata,
    })
    stream.end(frameOf(message))
    return stream
  }

  /** Throws GRPCError; after `timeoutMs` with the code of an exceeded deadline. */
  call(call: GRPCCall, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stream = this.#request(call, timeoutMs)
      let answer: Buffer | undefined
      const timer = this.#clock.after(timeoutMs, () => {
        reject(new GRPCError(grpcCode.deadlineExceeded, 'context deadline exceeded'))
        stream.destroy()
      })
      readAnswer(stream, {
        onMessage(message) {
          answer ??= message
        },
        onEnd(error) {
          timer.cancel()
          if (error) reject(error)
          else resolve(answer ?? Buffer.alloc(0))
        },
      })
    })
  }

  /** Resolves when the server has ended the stream or `signal` is aborted; otherwise throws GRPCError. */
  subscribe(call: GRPCCall, onMessage: (message: Buffer) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#request(call)
      // Not close(): with that, Node 20 never comes to an end when the session is destroyed next.
      const stop = () => stream.destroy()
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      readAnswer(stream, {
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
    this.#session?.destroy()
  }
}
