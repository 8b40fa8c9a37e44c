// Calls to an etcd cluster: to one member, the first that answers, until it does not. A call that can be
// repeated, or that has certainly not reached a member, goes to the next one; a write that may have reached
// one never does, as nobody could tell then how often it happened.
import { readFileSync } from 'node:fs'
import { connect as connectPlainly } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectSecurely } from 'node:tls'
import type { Clock } from '../component/clock.ts'
import { GRPCChannel, GRPCError, grpcCode } from '../grpc/channel.ts'
import { ProtobufError } from '../protobuf/reader.ts'
import { type EtcdMethod, etcdAPI } from './etcdapi.ts'
import { type EtcdUser, parseEndpoints } from './etcdendpoints.ts'
import { fromEtcd, isPassing, mayHaveHappened } from './etcderrors.ts'
import { StoreError } from './store.ts'

/** PEM files; they are read anew for each connection, so that they can be renewed. */
export interface EtcdTLSFiles {
  /** Whose certificates are trusted. Default: those that Node.js trusts. */
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export interface EtcdClientOptions {
  /**
   * `http://[::1]:2379`, `https://name:password@etcd.example:2379`: members of one cluster, the preferred one
   * first.
   */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdTLSFiles
  readonly clock: Clock
  /** For a call with all its attempts. Default 5 s. */
  readonly timeoutMs?: number
}

/** Every answer of etcd says at which revision it is. */
interface WithHeader {
  readonly header?: { readonly revision: number } | undefined
}

export interface CallOptions {
  /** What the call is for, after "Cannot": `list /registry/pods/`. */
  readonly action: string
  /** Doing it twice is as good as doing it once. */
  readonly isRepeatable: boolean
}

const defaultTimeoutMs = 5000
/** How long one of several members may take before another one is asked. */
const attemptTimeoutMs = 2000
const connectTimeoutMs = 1500
/** etcd closes connections that ask for a sign of life more often. */
const keepAliveMs = 5000
/** When a member has been slow. */
const signOfLifeMs = 1000
const pauseMs = 100
/** Lists and watches come in messages of megabytes; values may be of one and a half each, or more. */
const maxMessageBytes = 1024 ** 3
const defaultPort = 2379

function readTLS({ caFile, certFile, keyFile }: EtcdTLSFiles) {
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path))
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile) }
}

function opener(url: URL, tls: EtcdTLSFiles): () => Duplex {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? defaultPort : Number(url.port)
  if (url.protocol === 'http:') return () => connectPlainly({ host, port, noDelay: true })
  return () => connectSecurely({ host, port, ...readTLS(tls), ALPNProtocols: ['h2'] }).setNoDelay()
}

export class EtcdClient {
  readonly #channels: readonly GRPCChannel[]
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #closing = new AbortController()
  readonly #user: EtcdUser | undefined
  /** What shows who we are, until etcd does not know it any more. */
  #token: string | undefined
  #current = 0

  /** Throws StoreError `Unavailable` for endpoints that are none, and for files that cannot be read. */
  constructor({ endpoints, tls = {}, clock, timeoutMs = defaultTimeoutMs }: EtcdClientOptions) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    try {
      readTLS(tls)
    } catch (cause) {
      throw new StoreError('Unavailable', `Cannot read the files for TLS: ${(cause as Error).message}`, {
        cause,
      })
    }
    const { urls, user } = parseEndpoints(endpoints)
    this.#user = user
    this.#channels = urls.map(url => {
      return new GRPCChannel(opener(url, tls), clock, {
        authority: url.origin,
        keepAliveMs,
        connectTimeoutMs,
        maxMessageBytes,
      })
    })
  }

  /** Throws StoreError; for an unrepeatable call that may have happened, one that says so. */
  async call<Input, Output extends WithHeader>(
    method: EtcdMethod<Input, Output>,
    request: Input,
    { action, isRepeatable }: CallOptions,
  ): Promise<Output> {
    const { path } = method
    const message = method.request.encode(request)
    const deadline = this.#clock.monotonic() + this.#timeoutMs
    let isNewToken = false
    for (let attempt = 1; ; attempt++) {
      const channel = this.#channel()
      const leftMs = deadline - this.#clock.monotonic()
      const timeoutMs =
        isRepeatable && this.#channels.length > 1 ? Math.min(leftMs, attemptTimeoutMs) : leftMs
      try {
        const metadata = await this.#metadata(channel, timeoutMs)
        const answer = method.response.decode(await channel.call({ path, message, metadata }, timeoutMs))
        if (answer.header?.revision) return answer
        throw new ProtobufError('the answer has no revision')
      } catch (error) {
        const isOver = !isRepeatable && mayHaveHappened(error)
        const canPass = error instanceof GRPCError && isPassing(error)
        if (canPass) {
          if (error.code === grpcCode.deadlineExceeded) channel.check(signOfLifeMs)
          this.#leave(channel)
        }
        if (isOver) throw unknownOutcome(error as Error, action)
        if (!isNewToken && isUnknownToken(error)) {
          isNewToken = true
          this.#token = undefined
          continue
        }
        if (!canPass) throw this.#failure(error, action)
        const isLate = deadline - this.#clock.monotonic() <= 2 * pauseMs
        if (isLate || this.#closing.signal.aborted) throw fromEtcd(error, action)
        if (attempt % this.#channels.length === 0) await this.#pause()
      }
    }
  }

  /**
   * A stream of answers from one member; it ends with a StoreError, or well when the signal is aborted. With
   * a reason that is a StoreError, it is the member's fault.
   */
  async subscribe<Input, Output>(
    method: EtcdMethod<Input, Output>,
    { request, signal }: { readonly request: Input; readonly signal: AbortSignal },
    onMessage: (message: Output) => void,
  ): Promise<void> {
    const channel = this.#channel()
    // A member that has lost the others is to end the stream rather than fall silent.
    const hasLeader = { hasleader: 'true' }
    try {
      const metadata = { ...hasLeader, ...(await this.#metadata(channel, this.#timeoutMs)) }
      const call = { path: method.path, message: method.request.encode(request), metadata, keepsOpen: true }
      await channel.subscribe(call, bytes => onMessage(method.response.decode(bytes)), signal)
      if (signal.reason instanceof StoreError) this.#leave(channel)
    } catch (error) {
      this.#token = undefined
      this.#leave(channel)
      throw this.#failure(error, 'watch')
    }
  }

  /** Calls that are under way fail. */
  close(): void {
    this.#closing.abort()
    for (const channel of this.#channels) channel.close()
  }

  /** Who we are, where etcd wants to know. Throws GRPCError: the call itself is then not sent. */
  async #metadata(channel: GRPCChannel, timeoutMs: number): Promise<Readonly<Record<string, string>>> {
    if (!this.#user) return {}
    if (this.#token === undefined) {
      const { path, request, response } = etcdAPI.authenticate
      try {
        const answer = await channel.call({ path, message: request.encode(this.#user) }, timeoutMs)
        this.#token = response.decode(answer).token
      } catch (error) {
        const { code, detail } = error instanceof GRPCError ? error : unreadable(error as Error)
        throw new GRPCError(code, detail, true)
      }
    }
    return { token: this.#token }
  }

  #channel(): GRPCChannel {
    return this.#channels[this.#current]!
  }

  /** The next call goes to the next member, unless one that failed likewise has seen to that. */
  #leave(channel: GRPCChannel): void {
    if (channel === this.#channel()) this.#current = (this.#current + 1) % this.#channels.length
  }

  #pause(): Promise<void> {
    return this.#clock.sleep(pauseMs, this.#closing.signal).catch(() => undefined)
  }

  #failure(error: unknown, action: string): StoreError {
    if (error instanceof StoreError) return error
    if (error instanceof GRPCError) return fromEtcd(error, action)
    return fromEtcd(unreadable(error as Error), action)
  }
}

const unreadable = ({ message }: Error) =>
  new GRPCError(grpcCode.unavailable, `the answer cannot be read: ${message}`)

/** Tokens are forgotten by members that start anew, and after a while. */
const isUnknownToken = (error: unknown): boolean =>
  error instanceof GRPCError && /invalid auth token|revision of auth store is old/.test(error.detail)

function unknownOutcome(error: Error, action: string): StoreError {
  const why = error instanceof GRPCError ? error.detail : error.message
  const details = { mayHaveHappened: true, cause: error }
  const isFull = error instanceof GRPCError && fromEtcd(error, action).code === 'NoSpace'
  return new StoreError(
    isFull ? 'NoSpace' : 'Unavailable',
    `Cannot tell whether etcd did ${action}: ${why}`,
    details,
  )
}
