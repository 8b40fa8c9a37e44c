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
import { CredentialSource } from './credentials.ts'
import type { ClientConfig } from './kubeconfig.ts'

export interface HTTPSTransportOptions {
  readonly userAgent?: string
  /** Connections at once, watches not counted. Default 64. */
  readonly maxSockets?: number
  readonly clock?: Clock
  /** The environment variables that exec plugins inherit. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

export interface ClosableTransport extends Transport {
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
  readonly #agent: HTTPAgent
  readonly #isSecure: boolean
  readonly #watches = new Set<ClientRequest>()

  constructor(config: ClientConfig, options: HTTPSTransportOptions) {
    this.#config = config
    this.#userAgent = options.userAgent ?? 'futago'
    this.#credentials = new CredentialSource(config, options.clock ?? systemClock, options.environment)
    this.#isSecure = config.server.startsWith('https:')
    const shared = { keepAlive: true, maxSockets: options.maxSockets ?? 64 }
    this.#agent = this.#isSecure ? new HTTPSAgent(shared) : new HTTPAgent(shared)
  }

  async request<T = KubeObject>(request: TransportRequest): Promise<TransportResponse<T>> {
    const message = await this.#send(request, {}, this.#agent)
    const text = await textOf(message.response)
    const status = message.response.statusCode ?? 0
    if (status === 401) this.#credentials.forget()
    if (status >= 400) throw StatusError.fromText(status, text)
    const isJSON = message.response.headers['content-type']?.includes('json')
    const body = (isJSON ? JSON.parse(text) : text) as T
    return { status, body, warnings: warningsOf(message.response) }
  }

  async watch<T = KubeObject>(request: TransportRequest, handlers: WatchHandlers<T>): Promise<WatchHandle> {
    const { response, sent } = await this.#send(request, { watch: 'true' }, undefined)
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
  }

  async #send(
    request: TransportRequest,
    query: Record<string, string>,
    agent: HTTPAgent | undefined,
  ): Promise<{ sent: ClientRequest; response: IncomingMessage }> {
    const { authorization, certificate, key } = await this.#credentials.get()
    const { ca, insecureSkipTLSVerify, tlsServerName } = this.#config
    const url = targetOf(this.#config.server, request, query)
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body))
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const servername = tlsServerName ?? (isIP(host) ? undefined : host)
    const options = {
      method: request.method,
      headers: {
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(authorization ? { authorization } : {}),
        ...(body
          ? { 'content-type': request.contentType ?? 'application/json', 'content-length': body.length }
          : {}),
      },
      agent: agent ?? false,
      ca,
      cert: certificate ?? this.#config.certificate,
      key: key ?? this.#config.key,
      rejectUnauthorized: !insecureSkipTLSVerify,
      ...(servername === undefined ? {} : { servername }),
      ...(request.signal ? { signal: request.signal } : {}),
    }
    return new Promise((resolve, reject) => {
      const send = this.#isSecure ? requestHTTPS : requestHTTP
      const sent = send(url, options, response => resolve({ sent, response }))
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

/** Speaks to the server of a kubeconfig's context, see `clientConfig`. */
export const httpsTransport = (
  config: ClientConfig,
  options: HTTPSTransportOptions = {},
): ClosableTransport => new HTTPSTransport(config, options)
