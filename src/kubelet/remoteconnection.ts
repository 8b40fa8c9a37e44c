// How an API server reaches a kubelet that is another process: through the kubelet's own port, at the Node's
// InternalIPs, those of the API server's own families first.
import type { IncomingMessage } from 'node:http'
import { request as requestHTTPS } from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect as connectTLS } from 'node:tls'
import type { Node } from '../api/generated/types.ts'
import type {
  ContainerReference,
  ExecOptions,
  ExecSession,
  KubeletConnection,
  KubeletConnector,
  LogOptions,
  NodeUsage,
} from '../api/kubeletapi.ts'
import { internal, notFound, StatusError } from '../api/status.ts'
import { familyOf, type IPFamilies } from '../ip/family.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { openSpdyCommand, openSpdyPort } from '../streaming/spdyclient.ts'
import { proxyOf } from './servedby.ts'
import { parseSummary, type Summary } from './usagemetrics.ts'

export interface RemoteKubeletsOptions {
  /** The Node as the API has it now. */
  readonly node: (name: string) => Node | undefined | Promise<Node | undefined>
  /** In PEM, the client certificate to use now, which kubelets accept; and who signs theirs. */
  readonly credentials: () => { readonly certificate: string; readonly key: string }
  readonly ca: string
  /** The API server's, in its order; addresses of others are tried last. */
  readonly families: IPFamilies
}

const defaultPort = 10_250

/** `[2001:db8::1]:10250` and the like, in the order in which they are tried. */
export function kubeletAddresses({ status }: Node, families: IPFamilies): string[] {
  const ips = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP')
  const rank = (address: string) => {
    const family = familyOf(address)
    const index = family ? families.indexOf(family) : -1
    return index < 0 ? families.length : index
  }
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultPort
  return ips
    .map(({ address }) => address)
    .sort((a, b) => rank(a) - rank(b))
    .map(address => joinHostPort(address, port))
}

/** The other end was never reached: another address may be. */
const isUnreached = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'connect'

type Query = Readonly<Record<string, string | readonly string[] | undefined>>

function queryText(query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const each of value === undefined ? [] : [value].flat()) params.append(name, each)
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

const flags = (values: Readonly<Record<string, boolean | undefined>>): Query =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ? 'true' : undefined]))

const pathOf = ({ namespace, pod, uid }: Omit<ContainerReference, 'container'>) =>
  [namespace, pod, uid].map(encodeURIComponent).join('/')

class RemoteKubelet implements KubeletConnection {
  readonly #name: string
  readonly #addresses: readonly string[]
  readonly #isProxied: boolean
  readonly #tls: { readonly cert: string; readonly key: string; readonly ca: string }

  constructor(node: Node, { credentials, ca, families }: RemoteKubeletsOptions) {
    const proxy = proxyOf(node)
    const { certificate, key } = credentials()
    this.#name = node.metadata.name ?? ''
    this.#addresses = proxy ? [proxy] : kubeletAddresses(node, families)
    this.#isProxied = proxy !== undefined
    this.#tls = { cert: certificate, key, ca }
  }

  /** At the first address that can be reached. */
  async #reach<T>(path: string, use: (url: URL) => Promise<T>): Promise<T> {
    let failure: unknown = new Error('it has no InternalIP')
    for (const address of this.#addresses) {
      const url = new URL(`https://${address}${path}`)
      try {
        return await use(url)
      } catch (error) {
        if (error instanceof StatusError) throw error
        failure = new Error(`${url.origin}${url.pathname}: ${(error as Error).message}`)
        if (!isUnreached(error)) break
      }
    }
    throw internal(failure, `the kubelet could not be asked: ${(failure as Error).message}`)
  }

  #get(path: string, signal?: AbortSignal): Promise<IncomingMessage> {
    return this.#reach(
      path,
      url =>
        new Promise((resolve, reject) => {
          const options = { ...this.#tls, agent: false, servername: '', ...(signal ? { signal } : {}) }
          const sent = requestHTTPS(url, options, answer => {
            if (answer.statusCode === 200) return resolve(answer)
            text(answer).then(body => reject(StatusError.fromText(answer.statusCode ?? 500, body)), reject)
          })
          sent.on('error', reject)
          sent.end()
        }),
    )
  }

  async logs(container: ContainerReference, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    const { follow, previous, timestamps, sinceTime } = options
    const query = {
      ...flags({ follow, previous, timestamps }),
      sinceTime,
      sinceSeconds: options.sinceSeconds?.toString(),
      tailLines: options.tailLines?.toString(),
      limitBytes: options.limitBytes?.toString(),
    }
    const where = [container.namespace, container.pod, container.container].map(encodeURIComponent)
    const answer = await this.#get(`/containerLogs/${where.join('/')}${queryText(query)}`, signal)
    // Who stops following aborts the request; that is no error of the log.
    answer.on('error', () => answer.destroy())
    return answer
  }

  exec(container: ContainerReference, options: ExecOptions): Promise<ExecSession> {
    return this.#command('exec', container, options)
  }

  attach(container: ContainerReference, options: Omit<ExecOptions, 'command'>): Promise<ExecSession> {
    return this.#command('attach', container, { ...options, command: [] })
  }

  #command(kind: 'exec' | 'attach', container: ContainerReference, options: ExecOptions) {
    const { stdin: input, stdout: output, stderr: error, tty, command } = options
    const query = { command, ...flags({ input, output, error, tty }) }
    const path = `/${kind}/${pathOf(container)}/${encodeURIComponent(container.container)}${queryText(query)}`
    return this.#reach(path, url => openSpdyCommand({ url, tls: this.#tls }, options))
  }

  portForward(pod: Omit<ContainerReference, 'container'>, port: number): Promise<Duplex> {
    return this.#reach(`/portForward/${pathOf(pod)}`, url => openSpdyPort({ url, tls: this.#tls }, port))
  }

  async usage(): Promise<NodeUsage> {
    return parseSummary(JSON.parse(await text(await this.#get('/stats/summary'))) as Summary)
  }

  async connect(): Promise<Duplex> {
    // What is asked on the connection is not for us to know: it must not reach that server's other paths.
    if (this.#isProxied) throw askElsewhere(this.#name, this.#addresses[0]!)
    return this.#reach(
      '/',
      url =>
        new Promise((resolve, reject) => {
          const host = url.hostname.replace(/^\[|\]$/g, '')
          const socket = connectTLS({ host, port: Number(url.port), servername: '', ...this.#tls })
          socket.once('secureConnect', () => {
            socket.off('error', reject)
            socket.on('error', () => socket.destroy())
            resolve(socket)
          })
          socket.once('error', reject)
        }),
    )
  }
}

function askElsewhere(name: string, proxy: string): StatusError {
  const server = proxy.slice(0, proxy.indexOf('/'))
  const where = `node ${name} is simulated by the API server at ${server}`
  const message = `${where}: its proxy can only be asked there`
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message })
}

/** Throws NotFound for a node that there is not, and when it is asked a StatusError. */
export function connectRemoteKubelets(options: RemoteKubeletsOptions): KubeletConnector {
  return async name => {
    const node = await options.node(name)
    if (!node) throw notFound({ group: '', resource: 'nodes' }, name)
    return new RemoteKubelet(node, options)
  }
}
