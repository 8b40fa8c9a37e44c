// The client's side of exec, attach and port-forward over SPDY/3.1, as the API server speaks to a kubelet
// and a kubelet to its container runtime's streaming server.
import { request as requestHTTP } from 'node:http'
import { type RequestOptions, request as requestHTTPS } from 'node:https'
import { isIP, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Status } from '../api/generated/types.ts'
import type { ExecOutcome, ExecSession, TerminalSize } from '../api/kubeletapi.ts'
import { internal, StatusError } from '../api/status.ts'
import type { StreamSelection } from './remotecommand.ts'
import { SpdyConnection, type SpdyStream } from './spdy.ts'

export interface SpdyTarget {
  /** `http:` or `https:`, with path and query. */
  readonly url: URL
  /** Of the TLS connection. */
  readonly tls?: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  /** Makes the connection to the URL's port, where this process's own network does not lead there. */
  readonly connect?: (port: number) => Duplex
}

/** When the kernel begins to ask a silent peer whether it is still there. */
const keepAliveProbeMs = 30_000

interface Upgraded {
  readonly connection: SpdyConnection
  readonly closed: Promise<void>
}

/** Throws the StatusError that the server answers with, or Node's error when it cannot be reached. */
function connect({ url, tls, connect: open }: SpdyTarget, protocol: string): Promise<Upgraded> {
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol }
  const isSecure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const servername = isIP(host) ? '' : host
  // An agent would make the connection itself.
  const own = open ? { createConnection: () => open(Number(url.port)) } : { agent: false }
  return new Promise((resolve, reject) => {
    const sent = isSecure
      ? requestHTTPS(url, { method: 'POST', headers, agent: false, servername, ...tls })
      : requestHTTP(url, { method: 'POST', headers, ...own })
    sent.on('upgrade', (_answer, socket: Duplex, head) => {
      // A server that is gone without a word is noticed.
      if (socket instanceof Socket) socket.setKeepAlive(true, keepAliveProbeMs)
      let onClose = () => undefined as unknown
      const closed = new Promise<void>(done => {
        onClose = done
      })
      const onStream = (stream: SpdyStream) => void stream.destroy()
      resolve({
        connection: new SpdyConnection(socket, head, { onStream, onClose: () => onClose() }),
        closed,
      })
    })
    sent.on('response', answer => {
      text(answer).then(body => reject(StatusError.fromText(answer.statusCode ?? 500, body)), reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** What the Status at the end of a session says. */
function outcomeOf(text: string): ExecOutcome {
  if (text === '') return { type: 'failed', message: 'the connection was lost' }
  try {
    const { status, reason, details, message } = JSON.parse(text) as Status
    if (status === 'Success') return { type: 'exited', exitCode: 0 }
    const code = details?.causes?.find(cause => cause.reason === 'ExitCode')?.message
    if (reason === ('NonZeroExitCode' as string) && code !== undefined)
      return { type: 'exited', exitCode: Number(code) }
    return { type: 'failed', message: details?.causes?.[0]?.message ?? message ?? text }
  } catch {
    return { type: 'failed', message: text }
  }
}

function collect(stream: SpdyStream): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise(resolve => stream.once('close', () => resolve(Buffer.concat(chunks).toString())))
}

class SpdySession implements ExecSession {
  readonly stdin?: SpdyStream
  readonly stdout?: SpdyStream
  readonly stderr?: SpdyStream
  readonly outcome: Promise<ExecOutcome>
  readonly #connection: SpdyConnection
  readonly #resize: SpdyStream | undefined

  constructor({ connection, closed }: Upgraded, { stdin, stdout, stderr, tty }: StreamSelection) {
    this.#connection = connection
    const open = (streamtype: string) => connection.openStream({ streamtype })
    const error = open('error')
    error.end()
    if (stdin) this.stdin = open('stdin')
    if (stdout || tty) this.stdout = open('stdout')
    if (stderr && !tty) this.stderr = open('stderr')
    this.stdout?.end()
    this.stderr?.end()
    if (tty) this.#resize = open('resize')
    for (const stream of [this.stdin, this.#resize]) stream?.resume()
    void closed.then(() => error.destroy())
    this.outcome = collect(error).then(outcomeOf)
  }

  resize({ columns, rows }: TerminalSize): void {
    if (this.#resize?.writable) this.#resize.write(JSON.stringify({ Width: columns, Height: rows }))
  }

  close(): void {
    this.#connection.destroy()
  }
}

/** Opens an exec or attach; the target says what is run. Throws a StatusError. */
export async function openSpdyCommand(target: SpdyTarget, selection: StreamSelection): Promise<ExecSession> {
  return new SpdySession(await connect(target, 'v4.channel.k8s.io'), selection)
}

/** Opens one connection to a port of a Pod. Throws a StatusError. */
export async function openSpdyPort(target: SpdyTarget, port: number): Promise<Duplex> {
  const { connection } = await connect(target, 'portforward.k8s.io')
  const headers = { port: String(port), requestid: '0' }
  const error = connection.openStream({ ...headers, streamtype: 'error' })
  error.end()
  const data = connection.openStream({ ...headers, streamtype: 'data' })
  const failure = collect(error)
  data.once('close', () => connection.close())
  return new ForwardedPort(data, failure)
}

/** The data stream; what the error stream says becomes the stream's error. */
class ForwardedPort extends Duplex {
  readonly #data: SpdyStream

  constructor(data: SpdyStream, failure: Promise<string>) {
    super({ allowHalfOpen: true })
    this.#data = data
    void failure.then(text => {
      if (text !== '') this.destroy(internal(undefined, text))
    })
    data.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) data.pause()
    })
    data.once('end', () => void failure.then(() => this.push(null)))
    data.once('close', () => void failure.then(() => this.destroy()))
  }

  override _read() {
    this.#data.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.#data.write(chunk, done)
  }

  override _final(done: () => void) {
    this.#data.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void) {
    this.#data.destroy()
    done(error)
  }
}
