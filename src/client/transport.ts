// The transport to an API server over HTTPS: kept-alive connections, JSON both ways, watches split into
// lines.
import {
  type ClientRequest,
  Agent as HTTPAgent,
  type IncomingMessage,
  request as requestHTTP,
} from 'node:http'
import { Agent as HTTPSAgent, request as requestHTTPS } from 'node:https'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import type { Status } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import { StatusError } from '../api/status.ts'
import type {
  Transport,
  TransportRequest,
  TransportResponse,
  TransportWatchEvent,
  WatchHandle,
  WatchHandlers,
} from '../api/transport.ts'
import { type Clock, systemClock } from '../component/clock.ts'
import { CredentialSource, type Credentials } from './credentials.ts'
import type { Environment } from './execplugin.ts'
import { impersonationHeaders } from './impersonation.ts'
import type { ClientConfig } from './kubeconfig.ts'
import { ProxyAgent, proxyFromEnvironment } from './proxy.ts'

export interface HTTPSTransportOptions {
  readonly userAgent?: string
  /** Sent along, as they are at the time of a request. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined
  /** Connections at once, watches not counted. Default 64. */
  readonly maxSockets?: number
  readonly clock?: Clock
  /** Instead of the one in the configuration: a certificate and key in PEM that are replaced now and then. */
  readonly certificate?: () => { readonly certificate: string; readonly key: string } | undefined
  /** The environment variables that exec plugins inherit, and that name a proxy. */
  readonly environment?: Environment
  /** Whether somebody sits at standard input, whom an exec plugin may ask. Default false. */
  readonly isTerminal?: boolean
}

/** Asks to speak another protocol over the connection: WebSocket, SPDY. */
export interface UpgradeRequest {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly query?: TransportRequest['query']
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly signal?: AbortSignal
}

export interface UpgradeResponse {
  readonly headers: IncomingMessage['headers']
  readonly socket: Duplex
  /** What the server sent along with its answer. */
  readonly head: Buffer
}

export interface ClosableTransport extends Transport {
  /** Throws the StatusError of a server that does not switch. */
  upgrade(request: UpgradeRequest): Promise<UpgradeResponse>
  /** Ends idle connections and open watches. */
  close(): void
}

function targetOf(base: string, { path, query = {} }: TransportRequest, more: Record<string, string>): URL {
  const url = new URL(base + path)
  for (const [name, value] of Object.entries({ ...query, ...more })) {
    for (const each of value === undefined ? [] : [value].flat()) url.searchParams.append(name, each)
  }
  return url
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** `299 - "text"`, once or more, as in RFC 7234. */
function warningsOf(message: IncomingMessage): string[] {
  const header = message.headers.warning
  if (!header) return []
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replace(/\\(.)/g, '$1'),
  )
}

class LineSplitter {
  #rest = ''
  readonly #decoder = new TextDecoder()

  /** The lines that are complete. */
  push(chunk: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.filter(line => line !== '')
  }
}

class HTTPSTransport implements ClosableTransport {
  readonly #config: ClientConfig
  readonly #credentials: CredentialSource
  readonly #userAgent: string
  readonly #headers: HTTPSTransportOptions['headers']
  readonly #agent: HTTPAgent
  /** For watches, which do not wait for a free connection. */
  readonly #watchAgent: HTTPAgent
  readonly #isSecure: boolean
  readonly #proxyURL: string | undefined
  readonly #certificate: HTTPSTransportOptions['certificate']
  readonly #watches = new Set<ClientRequest>()

  constructor(config: ClientConfig, options: HTTPSTransportOptions) {
    this.#config = config
    this.#userAgent = options.userAgent ?? 'futago'
    this.#headers = options.headers
    const { environment = {}, isTerminal = false } = options
    this.#credentials = new CredentialSource(config, options.clock ?? systemClock, {
      environment,
      isTerminal,
    })
    this.#certificate = options.certificate
    this.#isSecure = config.server.startsWith('https:')
    this.#proxyURL = config.proxyURL ?? proxyFromEnvironment(new URL(config.server), environment)
    this.#agent = this.#newAgent({ keepAlive: true, maxSockets: options.maxSockets ?? 64 })
    this.#watchAgent = this.#newAgent({ keepAlive: false })
  }

  #newAgent(shared: { readonly keepAlive: boolean; readonly maxSockets?: number }): HTTPAgent {
    if (!this.#isSecure) return new HTTPAgent(shared)
    return this.#proxyURL === undefined ? new HTTPSAgent(shared) : new ProxyAgent(this.#proxyURL, shared)
  }

  async request<T = KubeObject>(request: TransportRequest): Promise<TransportResponse<T>> {
    let message = await this.#send(request, {}, this.#agent)
    let text = await textOf(message.response)
    if (message.response.statusCode === 401 && this.#credentials.forget()) {
      message = await this.#send(request, {}, this.#agent)
      text = await textOf(message.response)
    }
    const status = message.response.statusCode ?? 0
    if (status >= 400) throw StatusError.fromText(status, text)
    const isJSON = message.response.headers['content-type']?.includes('json')
    const body = (isJSON ? JSON.parse(text) : text) as T
    return { status, body, warnings: warningsOf(message.response) }
  }

  async watch<T = KubeObject>(request: TransportRequest, handlers: WatchHandlers<T>): Promise<WatchHandle> {
    const { response, sent } = await this.#send(request, { watch: 'true' }, this.#watchAgent)
    const status = response.statusCode ?? 0
    if (status >= 400) throw StatusError.fromText(status, await textOf(response))
    this.#watches.add(sent)
    let isOpen = true
    const end = (error?: unknown) => {
      if (!isOpen) return
      close()
      handlers.onEnd(error)
    }
    const close = () => {
      isOpen = false
      this.#watches.delete(sent)
      sent.destroy()
    }
    const lines = new LineSplitter()
    response.on('data', (chunk: Buffer) => {
      if (!isOpen) return
      const events: TransportWatchEvent<T>[] = []
      let failure: StatusError | undefined
      for (const line of lines.push(chunk)) {
        const event = JSON.parse(line) as TransportWatchEvent<T> | { type: 'ERROR'; object: Status }
        if (event.type === 'ERROR') failure = StatusError.fromStatus(event.object as Status)
        else events.push(event as TransportWatchEvent<T>)
      }
      if (events.length > 0) handlers.onEvents(events)
      if (failure) end(failure)
    })
    response.on('end', () => end())
    response.on('error', error => end(error))
    return { close }
  }

  close(): void {
    for (const watch of this.#watches) watch.destroy()
    this.#agent.destroy()
    this.#watchAgent.destroy()
  }

  async upgrade(request: UpgradeRequest): Promise<UpgradeResponse> {
    const url = targetOf(this.#config.server, { method: 'GET', ...request }, {})
    const credentials = await this.#credentials.get()
    const options = {
      ...this.#tlsOptions(url, credentials),
      method: request.method ?? 'GET',
      headers: { ...this.#identity(credentials), ...request.headers },
      agent: this.#watchAgent,
      signal: request.signal,
    }
    return new Promise((resolve, reject) => {
      const send = this.#isSecure ? requestHTTPS : requestHTTP
      const sent = send(url, options)
      sent.on('upgrade', (response, socket, head) => {
        resolve({ headers: response.headers, socket, head })
      })
      sent.on('response', response => {
        textOf(response).then(text => reject(StatusError.fromText(response.statusCode ?? 0, text)), reject)
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  async #send(
    request: TransportRequest,
    query: Record<string, string>,
    agent: HTTPAgent,
  ): Promise<{ sent: ClientRequest; response: IncomingMessage }> {
    const credentials = await this.#credentials.get()
    const url = targetOf(this.#config.server, request, query)
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body))
    const options = {
      ...this.#tlsOptions(url, credentials),
      method: request.method,
      headers: {
        accept: 'application/json',
        ...this.#identity(credentials),
        ...(body
          ? { 'content-type': request.contentType ?? 'application/json', 'content-length': body.length }
          : {}),
      },
      agent,
      ...(request.signal ? { signal: request.signal } : {}),
    }
    return new Promise((resolve, reject) => {
      const send = this.#isSecure ? requestHTTPS : requestHTTP
      const sent = send(url, options, response => resolve({ sent, response }))
      sent.on('error', reject)
      sent.end(body)
    })
  }

  #identity({ authorization }: Credentials): Record<string, string | string[]> {
    return {
      'user-agent': this.#userAgent,
      ...this.#headers?.(),
      ...(authorization ? { authorization } : {}),
      ...impersonationHeaders(this.#config.impersonate),
    }
  }

  #tlsOptions(url: URL, { certificate, key }: Credentials) {
    const { ca, insecureSkipTLSVerify, tlsServerName } = this.#config
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const name = tlsServerName ?? host
    const own = this.#certificate?.() ?? this.#config
    return {
      ca,
      cert: certificate ?? own.certificate,
      key: key ?? own.key,
      rejectUnauthorized: !insecureSkipTLSVerify,
      // An address cannot be sent as a name, but it is checked like one.
      servername: isIP(name) ? '' : name,
      checkServerIdentity: (_: string, peer: PeerCertificate) => checkServerIdentity(name, peer),
    }
  }
}

/** Speaks to the server of a kubeconfig's context, see `clientConfig`. */
export const httpsTransport = (
  config: ClientConfig,
  options: HTTPSTransportOptions = {},
): ClosableTransport => new HTTPSTransport(config, options)
