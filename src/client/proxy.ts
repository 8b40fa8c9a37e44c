// Proxies on the way to an API server: proxy-url of the kubeconfig, else HTTPS_PROXY and NO_PROXY read as
// Go's httpproxy reads them. HTTP and HTTPS proxies are asked for a tunnel (CONNECT, RFC 9110), SOCKS5 ones
// as in RFC 1928.
import { request as requestHTTP } from 'node:http'
import { Agent, request as requestHTTPS } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTLS } from 'node:tls'
import { parseAddress } from '../ip/address.ts'
import { cidrContains, networkOf, parseInterfaceAddress } from '../ip/cidr.ts'
import { joinHostPort, splitHostPort } from '../ip/hostport.ts'
import { isLoopback } from '../ip/special.ts'
import type { Environment } from './execplugin.ts'
import { openSocks } from './socks.ts'

const hostOf = (url: URL) => url.hostname.replace(/^\[|\]$/g, '')

const portOf = (url: URL) => Number(url.port || (url.protocol === 'https:' ? 443 : 80))

/**
 * The entry of NO_PROXY: `*`, a name, `.suffix`, an address, a range, each but the last with a port or none.
 */
function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true
  const range = parseInterfaceAddress(entry)
  const address = parseAddress(host)
  if (range)
    return address !== undefined && cidrContains(networkOf(range.address, range.prefixLength), address)
  const split = parseAddress(entry) ? undefined : splitHostPort(entry)
  if (split && Number(split.port) !== port) return false
  const name = (split?.host ?? entry).replace(/^\*\./, '.').toLowerCase()
  if (address)
    return parseAddress(name)?.value === address.value && parseAddress(name)?.family === address.family
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`)
}

/** The environment's proxy for a server; this machine itself is never proxied. */
export function proxyFromEnvironment(server: URL, environment: Environment): string | undefined {
  const read = (name: string) => environment[name] || environment[name.toLowerCase()] || undefined
  const proxy = server.protocol === 'https:' ? read('HTTPS_PROXY') : read('HTTP_PROXY')
  if (proxy === undefined) return undefined
  const host = hostOf(server).toLowerCase()
  const address = parseAddress(host)
  if (host === 'localhost' || (address && isLoopback(address))) return undefined
  const exceptions = (read('NO_PROXY') ?? '').split(',').map(entry => entry.trim())
  const isException = exceptions.some(entry => entry !== '' && matches(entry, host, portOf(server)))
  if (isException) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

const basicAuth = (proxy: URL) => {
  if (!proxy.username) return undefined
  const pair = [proxy.username, proxy.password].map(decodeURIComponent).join(':')
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function openTunnel(proxy: URL, host: string, port: number): Promise<Socket> {
  const authorization = basicAuth(proxy)
  const target = joinHostPort(host, port)
  return new Promise((resolve, reject) => {
    const send = proxy.protocol === 'https:' ? requestHTTPS : requestHTTP
    const sent = send({
      method: 'CONNECT',
      host: hostOf(proxy),
      port: portOf(proxy),
      path: target,
      agent: false,
      headers: { host: target, ...(authorization ? { 'proxy-authorization': authorization } : {}) },
    })
    sent.on('connect', ({ statusCode, statusMessage }, socket) => {
      if (statusCode === 200) return resolve(socket as Socket)
      socket.destroy()
      reject(new Error(`the proxy ${proxy.host} answered ${statusCode} ${statusMessage}`))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** A connection to `host` through the proxy. */
export function openThroughProxy(proxyURL: string, host: string, port: number): Promise<Socket> {
  const proxy = new URL(proxyURL)
  if (proxy.protocol === 'http:' || proxy.protocol === 'https:') return openTunnel(proxy, host, port)
  if (proxy.protocol === 'socks5:' || proxy.protocol === 'socks5h:') return openSocks(proxy, host, port)
  throw new Error(`Cannot use the proxy ${proxyURL}: expected http://, https:// or socks5://`)
}

type Connected = (error: Error | null, socket: Duplex) => void

/** Connections to an HTTPS server through a proxy. */
export class ProxyAgent extends Agent {
  readonly #proxyURL: string

  constructor(proxyURL: string, options: { readonly keepAlive: boolean; readonly maxSockets?: number }) {
    super(options)
    this.#proxyURL = proxyURL
  }

  override createConnection(options: object, callback?: Connected): undefined {
    const { host = '', port = 443 } = options as { host?: string; port?: number }
    openThroughProxy(this.#proxyURL, host, Number(port)).then(
      socket => callback?.(null, connectTLS({ ...options, socket } as object)),
      // Node.js looks at the socket only when there is no error.
      error => callback?.(error, undefined as never),
    )
  }
}
