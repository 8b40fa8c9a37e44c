// Sockets: DNS over UDP and over TCP (RFC 7766) on each of the given addresses.
import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../../component/clock.ts'
import { type Logger, silentLogger } from '../../component/log.ts'
import { familyOf, type IPFamily } from '../../ip/family.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { datagramLimit, formatReply, parseQuery, type Query, type Question, type Reply } from './message.ts'
import type { Answer } from './plugin.ts'
import { isAddressType } from './records.ts'
import { ReplyMemory } from './replymemory.ts'

export interface DNSServerOptions {
  readonly clock: Clock
  readonly addresses: readonly string[]
  readonly port: number
  readonly answer: (question: Question) => Answer
  /** Grows whenever answers that are given at once may change; absent: they are not remembered. */
  readonly version?: () => number
  readonly log?: Logger
}

const socketTypes: Readonly<Record<IPFamily, 'udp4' | 'udp6'>> = { IPv4: 'udp4', IPv6: 'udp6' }
interface ReplyTarget {
  readonly limit: (query: Query) => number | undefined
  readonly send: (reply: Buffer) => void
  readonly memory?: ReplyMemory | undefined
}

const idleMs = 10_000
const maxConnections = 1000
const receiveBuffer = 1 << 20

export class DNSServer {
  readonly #options: DNSServerOptions
  readonly #log: Logger
  readonly #datagrams: DatagramSocket[] = []
  readonly #servers: Server[] = []
  readonly #connections = new Set<Socket>()
  readonly #memory: ReplyMemory | undefined
  #turn = 0
  #port = 0

  constructor(options: DNSServerOptions) {
    this.#options = options
    this.#log = options.log ?? silentLogger
    this.#memory = options.version && new ReplyMemory(options.version)
  }

  /** The one that was asked for, or the one that was found free for port 0. */
  get port(): number {
    return this.#port
  }

  async listen(): Promise<void> {
    this.#port = this.#options.port
    try {
      for (const address of this.#options.addresses) {
        await this.#listenTCP(address)
        await this.#listenUDP(address)
      }
    } catch (error) {
      await this.close()
      throw new Error(`Cannot serve DNS: ${(error as Error).message}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    const closing = [...this.#datagrams.splice(0), ...this.#servers.splice(0)]
    await Promise.all(closing.map(one => new Promise<void>(resolve => one.close(() => resolve()))))
  }

  async #listenUDP(address: string): Promise<void> {
    const type = socketTypes[familyOf(address) ?? 'IPv6']
    const socket = createSocket({ type, ipv6Only: address.includes(':'), recvBufferSize: receiveBuffer })
    socket.on('message', (bytes, from) => this.#received(socket, bytes, from))
    socket.bind(this.#port, address)
    await once(socket, 'listening')
    socket.on('error', error => this.#log.warn('cannot answer', { error: String(error) }))
    this.#datagrams.push(socket)
  }

  async #listenTCP(address: string): Promise<void> {
    const server = createServer(connection => this.#accept(connection))
    server.maxConnections = maxConnections
    server.listen({ host: address, port: this.#port, ipv6Only: true })
    await once(server, 'listening')
    this.#servers.push(server)
    const bound = server.address()
    if (typeof bound === 'object' && bound) this.#port = bound.port
  }

  #received(socket: DatagramSocket, bytes: Buffer, { port, address }: RemoteInfo): void {
    const send = (reply: Buffer) =>
      socket.send(reply, port, address, error => error && this.#unsent(error, address, port))
    const known = this.#memory?.get(bytes)
    if (known) send(known)
    else this.#reply(bytes, { limit: datagramLimit, send, memory: this.#memory })
  }

  #unsent(error: Error, address: string, port: number): void {
    this.#log.debug('cannot answer', { client: joinHostPort(address, port), error: error.message })
  }

  #accept(connection: Socket): void {
    this.#connections.add(connection)
    let idle = this.#options.clock.after(idleMs, () => connection.destroy())
    connection.on('error', () => connection.destroy())
    connection.on('close', () => {
      idle.cancel()
      this.#connections.delete(connection)
    })
    let received = Buffer.alloc(0)
    connection.on('data', bytes => {
      idle.cancel()
      idle = this.#options.clock.after(idleMs, () => connection.destroy())
      received = Buffer.concat([received, bytes])
      while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
        const end = received.readUInt16BE(0) + 2
        this.#reply(received.subarray(2, end), {
          limit: () => undefined,
          send: reply => this.#sendFramed(connection, reply),
        })
        received = received.subarray(end)
      }
    })
  }

  #sendFramed(connection: Socket, reply: Buffer): void {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(reply.length)
    if (!connection.destroyed) connection.write(Buffer.concat([length, reply]))
  }

  #reply(bytes: Buffer, to: ReplyTarget): void {
    const parsed = parseQuery(bytes)
    if (!parsed) return
    if ('rcode' in parsed) {
      to.send(formatReply(parsed.query, { rcode: parsed.rcode }))
      return
    }
    const respond = (reply: Reply): Buffer => {
      const message = formatReply(parsed, this.#turned(reply), to.limit(parsed))
      to.send(message)
      return message
    }
    const fail = (error: unknown) => {
      this.#log.error('cannot answer a question', { ...parsed.question, error: String(error) })
      to.send(formatReply(parsed, { rcode: 'SERVFAIL' }))
    }
    try {
      const answer = this.#options.answer(parsed.question)
      if (answer instanceof Promise) {
        answer.then(respond).catch(fail)
        return
      }
      const message = respond(answer)
      if ((answer.answers?.length ?? 0) < 2) to.memory?.put(bytes, message)
    } catch (error) {
      fail(error)
    }
  }

  /** Many clients take the first address: each reply has another one there. */
  #turned(reply: Reply): Reply {
    const { answers = [] } = reply
    if (answers.length < 2 || !answers.every(({ type }) => isAddressType(type))) return reply
    const start = this.#turn++ % answers.length
    return { ...reply, answers: [...answers.slice(start), ...answers.slice(0, start)] }
  }
}
