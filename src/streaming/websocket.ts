// exec and attach over WebSocket: each message begins with its channel's number. v4 ends with a Status, those
// before it with the text of an error; v5 adds a message that closes a channel, so that stdin has an end
// (KEP-4006).
import type { IncomingMessage } from 'node:http'
import { type Duplex, Readable, Writable } from 'node:stream'
import type WebSocket from 'ws'
import type { TerminalSize } from '../api/kubeletapi.ts'
import { binaryFraming, type Framing, framingOf } from './framing.ts'
import { type ClientStreams, type Outcome, parseTerminalSize, type StreamSelection } from './remotecommand.ts'
import type { UpgradeRequest } from './upgrade.ts'

/** The last one is that of clients that name none. */
export const webSocketCommandProtocols: readonly string[] = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
  '',
]

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const

const maxMessageBytes = 32 * 1024 * 1024
export const normalClosure = 1000

export interface UpgradedConnection {
  readonly request: UpgradeRequest
  readonly socket: Duplex
  readonly head: Buffer
}

/** Completes the handshake with the chosen subprotocol; never resolves for what is no WebSocket. */
export async function acceptWebSocket(connection: UpgradedConnection, protocol: string): Promise<WebSocket> {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    skipUTF8Validation: true,
  })
  // The names of Kubernetes' tunnels are no tokens, which ws insists on: the header is answered here.
  const { 'sec-websocket-protocol': _, ...headers } = connection.request.headers
  if (protocol !== '') server.on('headers', lines => lines.push(`Sec-WebSocket-Protocol: ${protocol}`))
  const message = { method: connection.request.method, url: connection.request.path, headers }
  return new Promise(resolve => {
    server.handleUpgrade(message as IncomingMessage, connection.socket, connection.head, resolve)
  })
}

/** What the client sends on one channel; its messages wait in the connection while nobody reads. */
export class Incoming extends Readable {
  readonly #socket: WebSocket
  #hasEnd = false

  constructor(socket: WebSocket) {
    super({ highWaterMark: 1024 * 1024 })
    this.#socket = socket
  }

  accept(data: Buffer) {
    if (!this.#hasEnd && !this.push(data)) this.#socket.pause()
  }

  /** What comes after the end is not heard. */
  end() {
    this.#hasEnd = true
    this.push(null)
  }

  override _read() {
    if (this.#socket.isPaused) this.#socket.resume()
  }
}

export function sendMessage(socket: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, error => (error ? reject(error) : resolve()))
  })
}

export const sendOn = (socket: WebSocket, number: number, data: Buffer): Promise<void> =>
  sendMessage(socket, binaryFraming.frame(number, data))

export function outgoing(socket: WebSocket, number: number, framing: Framing = binaryFraming): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      sendMessage(socket, framing.frame(number, chunk)).then(() => done(), done)
    },
  })
}

interface CommandForm {
  readonly framing: Framing
  /** The protocol has a message that ends a channel. */
  readonly canClose: boolean
  /** The outcome is told as a Status; otherwise as a text, and only when it is an error. */
  readonly hasStatus: boolean
}

class WebSocketStreams implements ClientStreams {
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  readonly #socket: WebSocket
  readonly #form: CommandForm
  #onResize: (size: TerminalSize) => void = () => undefined

  constructor(socket: WebSocket, selection: StreamSelection, form: CommandForm) {
    this.#socket = socket
    this.#form = form
    const { framing } = form
    const stdin = new Incoming(socket)
    if (selection.stdin) this.stdin = stdin
    if (selection.stdout) this.stdout = outgoing(socket, channel.stdout, framing)
    if (selection.stderr && !selection.tty) this.stderr = outgoing(socket, channel.stderr, framing)
    socket.on('message', (data: Buffer) => this.#receive(data, stdin))
    socket.on('error', () => socket.terminate())
    socket.once('close', () => {
      stdin.end()
      this.stdout?.destroy()
      this.stderr?.destroy()
    })
  }

  #receive(data: Buffer, stdin: Incoming) {
    const message = this.#form.framing.read(data)
    if (!message) return
    const { payload } = message
    switch (message.channel) {
      case channel.stdin:
        if (payload.length > 0 && this.stdin) stdin.accept(payload)
        break
      case channel.resize: {
        const size = parseTerminalSize(payload.toString())
        if (size) this.#onResize(size)
        break
      }
      case channel.close:
        if (this.#form.canClose && payload[0] === channel.stdin) stdin.end()
        break
    }
  }

  onResize(callback: (size: TerminalSize) => void) {
    this.#onResize = callback
  }

  async finish(status: Outcome) {
    const { framing, hasStatus } = this.#form
    const text = hasStatus ? JSON.stringify(status) : status.message
    if (text) await sendMessage(this.#socket, framing.frame(channel.error, Buffer.from(text)))
    this.stdin?.unpipe().resume()
    this.#socket.close(normalClosure)
  }

  onClose(callback: () => void) {
    this.#socket.once('close', callback)
  }
}

export async function acceptWebSocketCommand(
  connection: UpgradedConnection,
  selection: StreamSelection,
  protocol: string,
): Promise<ClientStreams> {
  const socket = await acceptWebSocket(connection, protocol)
  const framing = framingOf(protocol)
  const canClose = protocol === 'v5.channel.k8s.io'
  const hasStatus = canClose || protocol.startsWith('v4.')
  const streams = new WebSocketStreams(socket, selection, { framing, canClose, hasStatus })
  // An empty message on the first channel that is written to says that the session is there.
  const first = selection.stdout ? channel.stdout : selection.stderr ? channel.stderr : channel.error
  await sendMessage(socket, framing.frame(first, Buffer.alloc(0))).catch(() => undefined)
  return streams
}
