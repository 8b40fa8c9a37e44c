// A plain HTTPS client for load: keep-alive connections, nothing between the request and the socket.
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { dirname, resolve } from 'node:path'
import { load } from 'js-yaml'

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Record<string, string> }[]
  readonly users: readonly { readonly user: Record<string, string> }[]
}

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

export interface Sent {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
}

export interface Requests {
  send(sent: Sent): Promise<Answer>
  /** Like send, but an answer other than success is an error. */
  must(sent: Sent): Promise<Answer>
  /** A connection of its own whose answer does not end; `onLine` sees each line of it. */
  watch(path: string, onLine: (line: string) => void): Promise<{ close(): void }>
  close(): void
}

export class Connection implements Requests {
  readonly #server: URL
  readonly #credentials: object
  readonly #agent: Agent
  readonly #watchAgent: Agent

  constructor(kubeconfigPath: string, sockets: number) {
    const { clusters, users } = load(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig
    const material = (from: Record<string, string>, name: string) => {
      const data = from[`${name}-data`]
      if (data) return Buffer.from(data, 'base64')
      return from[name] ? readFileSync(resolve(dirname(kubeconfigPath), from[name])) : undefined
    }
    const { cluster } = clusters[0]!
    const { user } = users[0]!
    this.#server = new URL(cluster['server']!)
    this.#credentials = {
      ca: material(cluster, 'certificate-authority'),
      cert: material(user, 'client-certificate'),
      key: material(user, 'client-key'),
    }
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets, ...this.#credentials })
    this.#watchAgent = new Agent({ keepAlive: false, ...this.#credentials })
  }

  #open(sent: Sent, agent: Agent): Promise<IncomingMessage> {
    const text =
      sent.body === undefined || typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body)
    return new Promise((done, failed) => {
      const outgoing = request(
        {
          hostname: this.#server.hostname.replace(/^\[|\]$/g, ''),
          port: this.#server.port,
          method: sent.method ?? 'GET',
          path: sent.path,
          agent,
          headers: {
            accept: sent.accept ?? 'application/json',
            ...(text === undefined
              ? {}
              : {
                  'content-type': sent.contentType ?? 'application/json',
                  'content-length': Buffer.byteLength(text),
                }),
          },
        },
        done,
      )
      outgoing.on('error', failed)
      outgoing.end(text)
    })
  }

  async send(sent: Sent): Promise<Answer> {
    const incoming = await this.#open(sent, this.#agent)
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part as Buffer)
    return { status: incoming.statusCode ?? 0, body: Buffer.concat(parts) }
  }

  async must(sent: Sent): Promise<Answer> {
    const answer = await this.send(sent)
    if (answer.status < 300) return answer
    throw new Error(
      `${sent.method ?? 'GET'} ${sent.path}: ${answer.status} ${answer.body.toString().slice(0, 300)}`,
    )
  }

  async watch(path: string, onLine: (line: string) => void): Promise<{ close(): void }> {
    const incoming = await this.#open({ path }, this.#watchAgent)
    let rest = ''
    incoming.on('data', (chunk: Buffer) => {
      rest += chunk
      const lines = rest.split('\n')
      rest = lines.pop()!
      for (const line of lines) onLine(line)
    })
    incoming.on('error', () => undefined)
    return { close: () => incoming.destroy() }
  }

  close(): void {
    this.#agent.destroy()
    this.#watchAgent.destroy()
  }
}

/** Asks one server after the other. */
export class SpreadConnection implements Requests {
  readonly #connections: readonly Connection[]
  #next = 0

  constructor(connections: readonly Connection[]) {
    this.#connections = connections
  }

  #one(): Connection {
    return this.#connections[this.#next++ % this.#connections.length]!
  }

  send(sent: Sent): Promise<Answer> {
    return this.#one().send(sent)
  }

  must(sent: Sent): Promise<Answer> {
    return this.#one().must(sent)
  }

  watch(path: string, onLine: (line: string) => void): Promise<{ close(): void }> {
    return this.#one().watch(path, onLine)
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }
}
