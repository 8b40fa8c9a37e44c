// The API server as this machine sees it: where the kubeconfig points, which addresses that has, and for
// which names its certificate is good.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { canonicalAddress } from '../ip/address.ts'

export interface APIEndpoint {
  readonly host: string
  readonly port: number
}

/** `https://[fd00::1]:6443` -> fd00::1, 6443; undefined for what is no URL. */
export function endpointOf(server: string): APIEndpoint | undefined {
  if (!URL.canParse(server)) return undefined
  const { hostname, port, protocol } = new URL(server)
  const defaultPort = protocol === 'http:' ? 80 : 443
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) }
}

/** An address is its own; a name has those that this machine's resolver says, of both families. */
export async function addressesOfHost(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address)
}

/** `DNS:kubernetes, IP Address:FD00:0:0:0:0:0:0:1` -> kubernetes, fd00::1. */
export const parseSubjectAltNames = (text: string): readonly string[] =>
  text.split(/, */).flatMap(part => {
    const [, kind, value = ''] = /^(DNS|IP Address):(.+)$/.exec(part) ?? []
    if (kind === undefined) return []
    return [kind === 'DNS' ? value.toLowerCase() : (canonicalAddress(value.toLowerCase()) ?? value)]
  })

/** Whether a certificate of these names is good for the host; `*.example` is for one label. */
export function isNamed(host: string, names: readonly string[]): boolean {
  const wanted = canonicalAddress(host) ?? host.toLowerCase()
  const parent = wanted.replace(/^[^.]+\./, '*.')
  return names.some(name => name === wanted || (isIP(wanted) === 0 && name === parent))
}

export interface CertificateOptions extends APIEndpoint {
  readonly address: string
  readonly signal: AbortSignal
}

/** The names in the certificate that is shown at the address. */
export function certificateNames(options: CertificateOptions): Promise<readonly string[]> {
  const { address, host, port, signal } = options
  const servername = isIP(host) === 0 ? { servername: host } : {}
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, rejectUnauthorized: false, ...servername })
    const onAbort = () => socket.destroy(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('secureConnect', () => {
      resolve(parseSubjectAltNames(socket.getPeerCertificate().subjectaltname ?? ''))
      socket.end()
    })
    socket.once('error', reject)
    socket.once('close', () => signal.removeEventListener('abort', onAbort))
  })
}
