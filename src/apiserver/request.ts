// A request and its reply as every filter and endpoint sees them, whatever carried them. `handle()` is a
// function from one to the other, so that all of the server but the wire can be tested without a port.
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import type { AuditTrail } from './audit/trail.ts'
import { emptyQuery, parseQuery, type Query } from './query.ts'
import type { User } from './registry/registry.ts'
import { parseRequestInfo, type RequestInfo } from './requestinfo.ts'

/** Where a reply that goes on (a watch, a followed log) is written to. */
export interface ReplyStream {
  /** Chunks are shared between clients: never changed. */
  write(chunks: readonly Buffer[]): void
  /** Bytes written that the client has not taken yet. */
  readonly pendingBytes: number
  end(): void
  /** Cuts the client off. */
  destroy(): void
  /** Once, when the client has gone or the reply is complete. */
  onClose(callback: () => void): void
  /** Each time when what was pending has been taken. */
  onDrain(callback: () => void): void
}

export type ReplyHeaders = Readonly<Record<string, string>>

export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly headers?: ReplyHeaders
  /** Each is a Set-Cookie header, of which there may be several. */
  readonly cookies?: readonly string[]
  /** Of a body that is a stream, or that HEAD leaves out, where it is known. */
  readonly length?: number
  /** Parts are sent one after the other; a function gets the open stream once the head is sent. */
  readonly body: Buffer | readonly Buffer[] | ((stream: ReplyStream) => void)
  /** Takes the connection over after an Upgrade request; `status` is then 101 and there is no body. */
  readonly upgrade?: (socket: Duplex, head: Buffer) => void
}

export interface RequestInit {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly target: string
  readonly headers?: IncomingHttpHeaders
  readonly readBody?: () => Promise<Buffer>
  /** In place of `readBody`: as it comes, as long as it is, however long that takes; undefined: none. */
  readonly openBody?: () => Readable | undefined
  /** Who the connection's verified client certificate names. */
  readonly certificateUser?: User
  /** Since the epoch: the end of that certificate. */
  readonly certificateExpiresMs?: number
  /** The client showed a certificate that does not verify. */
  readonly certificateProblem?: string
  /** Of the other end of the connection. */
  readonly remoteAddress?: string
  /** Aborted when the client goes away. */
  readonly signal?: () => AbortSignal
  readonly canUpgrade?: boolean
}

const noBody = async () => Buffer.alloc(0)

function bodyStream({ method, readBody }: ServerRequest): Readable | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined
  async function* whole() {
    yield await readBody()
  }
  return Readable.from(whole(), { objectMode: false })
}

export class ServerRequest {
  readonly method: string
  readonly path: string
  readonly query: Query
  /** As it came, with its question mark; empty when there is none. */
  readonly search: string
  readonly headers: IncomingHttpHeaders
  readonly readBody: () => Promise<Buffer>
  readonly openBody: () => Readable | undefined
  readonly certificateUser: User | undefined
  readonly certificateExpiresMs: number | undefined
  readonly certificateProblem: string | undefined
  readonly remoteAddress: string | undefined
  readonly canUpgrade: boolean
  readonly info: RequestInfo
  /** Of whatever the reply will be, an error too. */
  replyHeaders: ReplyHeaders = {}
  /** Sentences for the reply's Warning headers. */
  readonly warnings: string[] = []
  /** Set by the authentication filter. */
  user: User | undefined
  /** Of requests that are recorded. */
  audit: AuditTrail | undefined
  readonly #signal: (() => AbortSignal) | undefined
  #id: string | undefined

  /** Throws BadRequest for a path or query that cannot be read. */
  constructor(init: RequestInit) {
    const mark = init.target.indexOf('?')
    this.method = init.method
    this.path = mark < 0 ? init.target : init.target.slice(0, mark)
    this.search = mark < 0 ? '' : init.target.slice(mark)
    this.query = mark < 0 ? emptyQuery : parseQuery(init.target.slice(mark + 1))
    this.headers = init.headers ?? {}
    this.readBody = init.readBody ?? noBody
    this.openBody = init.openBody ?? (() => bodyStream(this))
    this.certificateUser = init.certificateUser
    this.certificateExpiresMs = init.certificateExpiresMs
    this.certificateProblem = init.certificateProblem
    this.remoteAddress = init.remoteAddress
    this.canUpgrade = init.canUpgrade ?? false
    this.#signal = init.signal
    this.info = parseRequestInfo(this.method, this.path, this.query)
  }

  /** The Audit-Id: the client's own when it sent one, for correlation. */
  get id(): string {
    const sent = this.headers['audit-id']
    this.#id ??= typeof sent === 'string' && sent !== '' && sent.length <= 64 ? sent : randomUUID()
    return this.#id
  }

  get signal(): AbortSignal | undefined {
    return this.#signal?.()
  }
}

/** One filter of the chain: answers, or has the rest of the chain answer. */
export type Filter = (request: ServerRequest, next: Handler) => Promise<Reply>
export type Handler = (request: ServerRequest) => Promise<Reply>

/** The first filter is the outermost. */
export function chain(filters: readonly Filter[], handler: Handler): Handler {
  return filters.reduceRight<Handler>((next, filter) => request => filter(request, next), handler)
}
