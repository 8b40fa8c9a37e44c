// Runs a command in a Pod's container through the API server, by one of the ways that kubectl uses: WebSocket
// with the protocol v5 (KEP-4006) or v4, or SPDY/3.1.
import { randomBytes } from 'node:crypto'
import type { Status } from '../api/generated/types.ts'
import { pathOf } from '../api/resource.ts'
import { pods } from '../api/resources/core/pod.ts'
import { StatusError } from '../api/status.ts'
import { SpdyConnection } from '../streaming/spdy.ts'
import type { ClosableTransport, UpgradeResponse } from './transport.ts'

export const execProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'SPDY/3.1'] as const
export type ExecProtocol = (typeof execProtocols)[number]

export interface ExecTarget {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly command: readonly string[]
  readonly protocol: ExecProtocol
  readonly signal?: AbortSignal
}

/** What can switch protocols: the transport over HTTPS, not the one in process. */
export type Upgrading = Pick<ClosableTransport, 'upgrade'>

export const canUpgrade = (transport: object): transport is Upgrading => 'upgrade' in transport

/** Its standard output. Throws a StatusError when the server or the command refuses. */
export async function execInPod(transport: Upgrading, target: ExecTarget): Promise<string> {
  const { namespace, pod, container, command, protocol, signal } = target
  const request = {
    path: pathOf(pods, namespace, pod, 'exec'),
    query: { command, container, stdout: 'true', stderr: 'true' },
    ...(signal ? { signal } : {}),
  }
  if (protocol === 'SPDY/3.1') {
    const headers = {
      connection: 'Upgrade',
      upgrade: protocol,
      'x-stream-protocol-version': 'v4.channel.k8s.io',
    }
    return overSpdy(await transport.upgrade({ ...request, method: 'POST', headers }))
  }
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    'sec-websocket-protocol': protocol,
  }
  const upgraded = await transport.upgrade({ ...request, headers })
  if (upgraded.headers['sec-websocket-protocol'] !== protocol) {
    upgraded.socket.destroy()
    throw new StatusError({
      code: 400,
      reason: 'BadRequest',
      message: `the server does not speak ${protocol}`,
    })
  }
  return overWebSocket(upgraded)
}

function failureOf(status: string): StatusError | undefined {
  const parsed = JSON.parse(status === '' ? '{}' : status) as Status
  return parsed.status === 'Success' ? undefined : StatusError.fromStatus(parsed)
}

/** Some kubelets end the connection without ending each stream: what came until then counts. */
async function overSpdy({ socket, head }: UpgradeResponse): Promise<string> {
  const connection = new SpdyConnection(socket, head, {
    onStream: stream => void stream.destroy(),
    onClose: () => undefined,
  })
  const read = (streamtype: string) => {
    const said = { text: '', ended: Promise.resolve() }
    const stream = connection.openStream({ streamtype })
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      said.text += chunk
    })
    said.ended = new Promise(resolve => stream.once('close', resolve).once('end', resolve))
    stream.on('error', () => undefined)
    return said
  }
  try {
    const [error, stdout, stderr] = [read('error'), read('stdout'), read('stderr')]
    await Promise.all([error, stdout, stderr].map(({ ended }) => ended))
    if (error.text === '') throw new Error('the connection ended before the command did')
    const failure = failureOf(error.text)
    if (failure) throw failure
    return stdout.text
  } finally {
    connection.destroy()
  }
}

const channels = { stdout: 1, error: 3 }
/** Continuation, text and binary are below. */
const opcodes = { binary: 2, close: 8 }
const finalBit = 0x80

/** The messages of a server's WebSocket frames (RFC 6455), which are not masked. */
class MessageReader {
  #rest: Buffer = Buffer.alloc(0)
  #parts: Buffer[] = []

  /** Whole messages, and whether the server closes. */
  push(chunk: Buffer): { readonly messages: readonly Buffer[]; readonly isClosed: boolean } {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const messages: Buffer[] = []
    for (let frame = this.#next(); frame; frame = this.#next()) {
      if (frame.opcode === opcodes.close) return { messages, isClosed: true }
      if (frame.opcode > opcodes.binary) continue
      this.#parts.push(frame.payload)
      if (frame.isFinal) messages.push(Buffer.concat(this.#parts.splice(0)))
    }
    return { messages, isClosed: false }
  }

  #next(): { readonly opcode: number; readonly isFinal: boolean; readonly payload: Buffer } | undefined {
    const rest = this.#rest
    if (rest.length < 2) return undefined
    const short = rest[1]! & 127
    const start = short === 126 ? 4 : short === 127 ? 10 : 2
    if (rest.length < start) return undefined
    const length =
      short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
    if (rest.length < start + length) return undefined
    this.#rest = rest.subarray(start + length)
    const isFinal = (rest[0]! & finalBit) !== 0
    return { opcode: rest[0]! & 15, isFinal, payload: rest.subarray(start, start + length) }
  }
}

function overWebSocket({ socket, head }: UpgradeResponse): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new MessageReader()
    let output = ''
    let status = ''
    const end = () => {
      socket.destroy()
      if (status === '') return reject(new Error('the connection ended before the command did'))
      const failure = failureOf(status)
      if (failure) reject(failure)
      else resolve(output)
    }
    const receive = (chunk: Buffer) => {
      const { messages, isClosed } = reader.push(chunk)
      for (const message of messages) {
        const rest = message.subarray(1).toString()
        if (message[0] === channels.stdout) output += rest
        if (message[0] === channels.error) status += rest
      }
      if (isClosed) end()
    }
    socket.on('error', reject)
    socket.on('close', end)
    socket.on('data', receive)
    receive(head)
  })
}
