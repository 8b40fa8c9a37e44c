// A kubelet's server: TLS on the node's addresses, for those whom the API server lets. The same server
// answers in process, without TLS, where the kubelet and the API server are one.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { internal, StatusError } from '../api/status.ts'
import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import type { MetricSet } from '../component/metrics.ts'
import type { Kubelet } from './kubelet.ts'
import type { ServerAccess } from './serveraccess.ts'
import { answerRequest, type KubeletAnswer } from './serverroutes.ts'

export interface KubeletServerParts {
  readonly kubelet: Kubelet
  readonly clock: Clock
  readonly log: Logger
  /** Shown at /metrics, with what every kubelet says. */
  readonly metrics?: MetricSet | undefined
  /** Absent: whoever can connect may ask. */
  readonly access?: ServerAccess
}

export interface KubeletServerOptions {
  /** The node's own, one per family. */
  readonly addresses: readonly string[]
  /** 0: a free one, the same for all addresses. */
  readonly port: number
  /** PEM. */
  readonly certificate: string
  readonly key: string
  /** PEM: client certificates must verify against it. */
  readonly clientCA: string
}

export interface KubeletServer {
  readonly port: number
  /** For connections from now on; PEM. */
  setCertificate(certificate: string, key: string): void
  close(): Promise<void>
}

class Answerer {
  readonly #parts: KubeletServerParts
  readonly #upgraded = new Set<Duplex>()

  constructor(parts: KubeletServerParts) {
    this.#parts = parts
  }

  attach(server: Server): void {
    server.on('request', (message, response) => void this.#serve(message, response))
    server.on('upgrade', (message, socket, head) => void this.#upgrade(message, { socket, head }))
  }

  /** Cuts off what is still streamed. */
  end(): void {
    for (const socket of this.#upgraded) socket.destroy()
  }

  async #answer(message: IncomingMessage, options: { canUpgrade: boolean; signal: AbortSignal }) {
    try {
      await this.#parts.access?.check(message)
      const { method = '', url = '', headers } = message
      const { pathname: path, searchParams: query } = new URL(url, 'http://kubelet')
      return await answerRequest({ method, path, headers, query, ...options }, this.#parts)
    } catch (error) {
      if (error instanceof StatusError) return error
      this.#parts.log.warn('cannot answer a request', { path: message.url, error: String(error) })
      return internal(error)
    }
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort(new Error('The client has gone')))
    send(response, await this.#answer(message, { canUpgrade: false, signal: gone.signal }))
  }

  async #upgrade(message: IncomingMessage, { socket, head }: { socket: Duplex; head: Buffer }) {
    this.#upgraded.add(socket)
    socket.once('close', () => this.#upgraded.delete(socket))
    socket.on('error', () => socket.destroy())
    const signal = new AbortController().signal
    const answer = await this.#answer(message, { canUpgrade: true, signal })
    if (!(answer instanceof StatusError) && answer.type === 'serve') answer.serve(socket, head)
    else refuse(socket, answer)
  }
}

/** A command that is executed is part of the path: as long a head as the API server takes. */
const limits = { maxHeaderSize: 1024 * 1024 }

const statusText = (error: StatusError) => JSON.stringify(error.toStatus())

function send(response: ServerResponse, answer: KubeletAnswer | StatusError): void {
  if (answer instanceof StatusError) {
    response.writeHead(answer.code, { 'content-type': 'application/json' }).end(statusText(answer))
  } else if (answer.type === 'refuse') response.writeHead(403, answer.headers).end(answer.text)
  else if (answer.type === 'body') {
    response.writeHead(200, { 'content-type': answer.contentType })
    const { body } = answer
    if (typeof body === 'string') response.end(body)
    else {
      response.flushHeaders()
      response.once('close', () => body.destroy())
      body.once('error', () => response.destroy())
      body.pipe(response)
    }
  }
}

/** There is no ServerResponse for an upgrade: the answer is written by hand and ends the connection. */
function refuse(socket: Duplex, answer: KubeletAnswer | StatusError): void {
  const isError = answer instanceof StatusError
  const body = isError
    ? statusText(answer)
    : answer.type === 'refuse'
      ? answer.text
      : 'this is no request for an upgrade'
  const headers = {
    'content-type': isError ? 'application/json' : 'text/plain',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    ...(!isError && answer.type === 'refuse' ? answer.headers : {}),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${isError ? answer.code : 403} Refused\r\n${lines.join('')}\r\n${body}`)
}

/** When the kernel begins to ask a silent peer whether it is still there. */
const keepAliveProbeMs = 30_000

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Rejects with Node's error (EADDRINUSE ...) when an address cannot be had; nothing is left open then. */
export async function listenKubelet(
  parts: KubeletServerParts,
  { addresses, port: wanted, certificate: cert, key, clientCA: ca }: KubeletServerOptions,
): Promise<KubeletServer> {
  const answerer = new Answerer(parts)
  const servers: SecureServer[] = []
  const setCertificate = (certificate: string, ownKey: string) => {
    for (const server of servers) server.setSecureContext({ cert: certificate, key: ownKey, ca })
  }
  const close = async () => {
    answerer.end()
    const ends = servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
    for (const server of servers) server.closeAllConnections()
    await Promise.all(ends)
  }
  let port = wanted
  for (const address of addresses) {
    const server = createSecureServer({
      ...limits,
      cert,
      key,
      ca,
      requestCert: true,
      rejectUnauthorized: false,
    })
    answerer.attach(server)
    // An API server that is gone without a word is noticed.
    server.on('connection', (socket: Socket) => void socket.setKeepAlive(true, keepAliveProbeMs))
    try {
      port = await listenOn(server, address, port)
    } catch (error) {
      await close()
      throw error
    }
    servers.push(server)
  }
  return { port, close, setCertificate }
}

/** One connection to a server that listens nowhere. */
export function connectInProcess(parts: KubeletServerParts): Duplex {
  const server = createServer(limits)
  new Answerer(parts).attach(server)
  const [client, own] = duplexPair()
  server.emit('connection', own)
  client.once('close', () => own.destroy())
  return client
}
