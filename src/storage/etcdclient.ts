// Calls to an etcd cluster: to one member, the first that answers, until it does not. A call that can be
// repeated, or that has certainly not reached a member, goes to the next one; a write that may have reached
// one never does, as nobody could tell then how often it happened.
import { readFileSync } from 'node:fs'
import { connect as connectPlainly } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectSecurely } from 'node:tls'
import type { Clock } from '../component/clock.ts'
import { GRPCChannel, GRPCError, grpcCode } from '../grpc/channel.ts'
import type { EtcdMethod } from './etcdapi.ts'
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
  /** `http://[::1]:2379`, `https://etcd.example:2379`: members of one cluster, the preferred one first. */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdTLSFiles
  readonly clock: Clock
  /** For a call with all its attempts. Default 5 s. */
  readonly timeoutMs?: number
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

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.hostname && url.pathname === '/') return url
  throw new StoreError(
    'Unavailable',
    `Cannot use the etcd endpoint ${JSON.stringify(endpoint)}: expected a URL such as http://[::1]:2379`,
  )
}

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
    this.#channels = endpoints.map(endpoint => {
      const url = parseEndpoint(endpoint)
      return new GRPCChannel(opener(url, tls), clock, {
        authority: url.origin,
        keepAliveMs,
        connectTimeoutMs,
        maxMessageBytes,
      })
    })
  }

  /** Throws StoreError; for an unrepeatable call that may have happened, one that says so. */
  async call<Input, Output>(
    method: EtcdMethod<Input, Output>,
    request: Input,
    { action, isRepeatable }: CallOptions,
  ): Promise<Output> {
    const { path } = method
    const message = method.request.encode(request)
    const deadline = this.#clock.monotonic() + this.#timeoutMs
    for (let attempt = 1; ; attempt++) {
      const channel = this.#channel()
      const leftMs = deadline - this.#clock.monotonic()
      const timeoutMs =
        isRepeatable && this.#channels.length > 1 ? Math.min(leftMs, attemptTimeoutMs) : leftMs
      try {
        return method.response.decode(await channel.call({ path, message }, timeoutMs))
      } catch (error) {
        const isOver = !isRepeatable && mayHaveHappened(error)
        const canPass = error instanceof GRPCError && isPassing(error)
        if (canPass) {
          if (error.code === grpcCode.deadlineExceeded) channel.check(signOfLifeMs)
          this.#leave(channel)
        }
        if (isOver) throw unknownOutcome(error as Error, action)
        if (!canPass) throw this.#failure(error, action)
        const isLate = deadline - this.#clock.monotonic() <= 2 * pauseMs
        if (isLate || this.#closing.signal.aborted) throw fromEtcd(error, action)
        if (attempt % this.#channels.length === 0) await this.#pause()
      }
    }
  }

  /** A stream of answers from one member; it ends with a StoreError, or well when the signal is aborted. */
  async subscribe<Input, Output>(
    method: EtcdMethod<Input, Output>,
    { request, signal }: { readonly request: Input; readonly signal: AbortSignal },
    onMessage: (message: Output) => void,
  ): Promise<void> {
    const channel = this.#channel()
    // A member that has lost the others is to end the stream rather than fall silent.
    const metadata = { hasleader: 'true' }
    const call = { path: method.path, message: method.request.encode(request), metadata, keepsOpen: true }
    try {
      await channel.subscribe(call, bytes => onMessage(method.response.decode(bytes)), signal)
    } catch (error) {
      if (error instanceof GRPCError && isPassing(error)) this.#leave(channel)
      throw this.#failure(error, 'watch')
    }
  }

  /** Calls that are under way fail. */
  close(): void {
    this.#closing.abort()
    for (const channel of this.#channels) channel.close()
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
    return fromEtcd(new GRPCError(grpcCode.unavailable, String(error)), action)
  }
}

function unknownOutcome(error: Error, action: string): StoreError {
  const why = error instanceof GRPCError ? error.detail : error.message
  const details = { mayHaveHappened: true, cause: error }
  return new StoreError('Unavailable', `Cannot tell whether etcd did ${action}: ${why}`, details)
}
