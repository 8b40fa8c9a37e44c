// The HTTP adapter: one TLS port for HTTP/1.1, HTTP/2 and upgrades (node:http2 with allowHTTP1), client
// certificates, and an end within a second. It turns messages into requests for `Handler` and knows nothing
// of Kubernetes' API.
import type { IncomingMessage } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { StatusError } from '../api/status.ts'
import type { Clock, Timer } from '../component/clock.ts'
import type { Logger } from '../component/log.ts'
import { ConnectionGuard, type ConnectionTimeouts, defaultTimeouts } from './connectionguard.ts'
import { type Incoming, type Outgoing, requestInit, sendReply } from './httpmessage.ts'
import { type Identity, identify, identityNow, type Peer } from './peeridentity.ts'
import { errorReply, headersOf } from './reply.ts'
import { type Handler, type Reply, type ReplyStream, type RequestInit, ServerRequest } from './request.ts'

export interface ListenOptions {
  /**
   * One socket per address; `::` serves both families through one. Absent: `::`, or `0.0.0.0` on a host
   * without IPv6, which Node finds out.
   */
  readonly bindAddress?: string | readonly string[]
  /** 0: a free one, the same for all addresses. */
  readonly port: number
  /** PEM. */
  readonly certificate: string
  readonly key: string
  /** PEM; client certificates must verify against it. */
  readonly clientCA?: string
  readonly timeouts?: ConnectionTimeouts
}

export interface Listening {
  /** Of the first socket. */
  readonly address: string
  readonly port: number
  /** For connections that come from now on; those that are open stay. PEM. */
  useCertificate(keyed: Pick<ListenOptions, 'certificate' | 'key'>): void
  close(): Promise<void>
}

/** Time for requests under way and for watchers to hear the end, before connections are cut. */
const closeGraceMs = 1000
/** Of one request's head, as upstream: `kubectl exec` has its whole command in the path. */
const maxHeaderSize = 1024 * 1024
/** In MB: of one HTTP/2 connection, with what its reader has not taken yet. */
const maxSessionMemory = 128

interface Parts {
  readonly handler: Handler
  readonly clock: Clock
  readonly log: Logger
  /** A client's handshake failed. */
  readonly onTLSError?: () => void
}

/** The connections of one listening server. */
class Connections {
  readonly #parts: Parts
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #streams = new Set<ReplyStream>()
  readonly #upgraded = new Set<Duplex>()
  readonly #peers = new WeakMap<object, Peer>()
  readonly #guard: ConnectionGuard
  #closing = false

  constructor(parts: Parts, guard: ConnectionGuard) {
    this.#parts = parts
    this.#guard = guard
  }

  attach(server: Http2SecureServer) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('session', session => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
    })
    server.on('tlsClientError', () => this.#parts.onTLSError?.())
    server.on('request', (message, response) => void this.#serve(message, response))
    server.on('upgrade', (message, socket, head) => void this.#upgrade(message, socket, head))
    // Whoever takes this server for a proxy is told as politely as with any other method.
    server.on('connect', (message, answer, head) => {
      if ('stream' in message) void this.#serve(message, answer)
      else void this.#upgrade(message, answer, head)
    })
  }

  #identityOf(message: Incoming): Identity {
    const session = (message as Http2ServerRequest).stream?.session
    const key = session ?? message.socket
    let peer = this.#peers.get(key)
    if (!peer) {
      peer = identify((session?.socket ?? message.socket) as TLSSocket)
      this.#peers.set(key, peer)
    }
    return identityNow(peer, this.#parts.clock)
  }

  /** A request that cannot even be read gets its error as any other does. */
  #request(init: RequestInit): { readonly request: ServerRequest; readonly error?: StatusError } {
    try {
      return { request: new ServerRequest(init) }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return { request: new ServerRequest({ ...init, target: '/' }), error }
    }
  }

  async #answer(init: RequestInit): Promise<{ readonly request: ServerRequest; readonly reply: Reply }> {
    const { request, error } = this.#request(init)
    return { request, reply: error ? await errorReply(request, error) : await this.#parts.handler(request) }
  }

  async #serve(message: Incoming, response: Outgoing): Promise<void> {
    this.#guard.serve(message, response)
    try {
      const onOpenBody = () => this.#guard.release(message)
      const init = Object.assign(requestInit(message, { response, onOpenBody }), this.#identityOf(message))
      const { request, reply } = await this.#answer(init)
      await sendReply({ request, response }, reply, stream => this.#track(stream))
      if (this.#closing && !('stream' in message)) message.socket.destroySoon()
    } catch (error) {
      this.#parts.log.error('cannot answer a request', { error: String(error) })
      response.destroy()
    }
  }

  #track(stream: ReplyStream) {
    this.#streams.add(stream)
    stream.onClose(() => this.#streams.delete(stream))
    if (this.#closing) stream.end()
  }

  async #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#upgraded.add(socket)
    socket.once('close', () => this.#upgraded.delete(socket))
    socket.on('error', () => socket.destroy())
    try {
      const init = Object.assign(requestInit(message), this.#identityOf(message))
      const { request, reply } = await this.#answer(init)
      if (reply.upgrade) reply.upgrade(socket, head)
      else this.#refuseUpgrade(socket, { request, reply })
    } catch (error) {
      this.#parts.log.error('cannot answer an upgrade', { error: String(error) })
      socket.destroy()
    }
  }

  /** There is no ServerResponse for an upgrade: the answer is written by hand and ends the connection. */
  #refuseUpgrade(socket: Duplex, { request, reply }: { request: ServerRequest; reply: Reply }) {
    const { body } = reply
    const bytes =
      typeof body === 'function' ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.concat(body)
    const headers = [
      ...headersOf(request, reply),
      'content-length',
      String(bytes.length),
      'connection',
      'close',
    ]
    const lines = [`HTTP/1.1 ${reply.status} `]
    for (let index = 0; index < headers.length; index += 2) {
      lines.push(`${headers[index]}: ${headers[index + 1]}`)
    }
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    socket.end(bytes)
  }

  /** Ends watches and idle connections at once, and what is left when the timer it returns is over. */
  end(): Timer {
    this.#closing = true
    for (const stream of this.#streams) stream.end()
    for (const session of this.#sessions) session.close()
    for (const socket of this.#upgraded) socket.destroy()
    return this.#parts.clock.after(closeGraceMs, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
  }
}

function listenOn(
  server: Http2SecureServer,
  where: { readonly host?: string; readonly port: number },
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...where, ipv6Only: false }, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}

interface Door {
  readonly server: Http2SecureServer
  readonly connections: Connections
}

const secureContext = ({ certificate, key, clientCA }: ListenOptions) => ({
  cert: certificate,
  key,
  minVersion: 'TLSv1.2' as const,
  ...(clientCA ? { ca: clientCA } : {}),
})

function openDoor(parts: Parts, options: ListenOptions): Door {
  const { timeouts = defaultTimeouts } = options
  const server = createSecureServer({
    allowHTTP1: true,
    ...secureContext(options),
    maxSessionMemory,
    handshakeTimeout: timeouts.handshakeMs,
    settings: { maxConcurrentStreams: 250 },
    ...(options.clientCA ? { requestCert: true, rejectUnauthorized: false } : {}),
  })
  Object.assign(server, { maxHeaderSize })
  const guard = new ConnectionGuard(parts.clock, timeouts)
  guard.attach(server)
  const connections = new Connections(parts, guard)
  connections.attach(server)
  return { server, connections }
}

async function shut({ server, connections }: Door): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  const grace = connections.end()
  await closed
  grace.cancel()
}

/** Rejects with Node's error (EADDRINUSE ...) when an address cannot be had; nothing is left open then. */
export async function listen(parts: Parts, options: ListenOptions): Promise<Listening> {
  const doors: Door[] = []
  let bound: AddressInfo | undefined
  const close = async () => {
    await Promise.all(doors.map(shut))
  }
  for (const host of [options.bindAddress].flat()) {
    const door = openDoor(parts, options)
    try {
      const port = bound?.port ?? options.port
      const found = await listenOn(door.server, { ...(host === undefined ? {} : { host }), port })
      bound ??= found
    } catch (error) {
      await close()
      throw error
    }
    doors.push(door)
  }
  const useCertificate: Listening['useCertificate'] = keyed => {
    for (const { server } of doors) server.setSecureContext(secureContext({ ...options, ...keyed }))
  }
  const { address, port } = bound!
  return { address, port, useCertificate, close }
}
