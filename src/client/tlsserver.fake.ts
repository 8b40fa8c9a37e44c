// A real HTTPS server for the client's tests, with an authority of its own: it asks for client certificates
// and answers what it saw of a request.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { loopbackAddress } from '../ip/family.ts'
import { joinHostPort } from '../ip/hostport.ts'
import { createAuthority, issueCertificate, type KeyedCertificate } from '../x509/certificates.ts'

const validity = { notBeforeMs: Date.UTC(2020, 0, 1), notAfterMs: Date.UTC(2100, 0, 1) }
const authority = createAuthority('test', validity)

export const clientCertificate = (commonName: string): KeyedCertificate =>
  issueCertificate(authority, { commonName, usages: ['client'], ...validity })

export interface Seen {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  /** Of the client certificate. */
  readonly commonName: string | undefined
  /** Server name indication. */
  readonly servername: string | false
}

export interface TLSServer {
  readonly port: number
  readonly ca: string
  /** `https://127.0.0.1:<port>`, or with the host that was asked for. */
  readonly url: string
  readonly seen: Seen[]
  close(): void
}

type Answer = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void

const answerWithSeen: Answer = (_, response, seen) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(seen))
}

export async function startTLSServer(
  options: {
    readonly answer?: Answer
    readonly dnsNames?: readonly string[]
    readonly ipAddresses?: readonly string[]
    readonly host?: string
  } = {},
): Promise<TLSServer> {
  const { answer = answerWithSeen, dnsNames = ['localhost'] } = options
  const { host = loopbackAddress.IPv4 } = options
  const { ipAddresses = Object.values(loopbackAddress) } = options
  const { certificate, key } = issueCertificate(authority, {
    commonName: 'server',
    usages: ['server'],
    dnsNames,
    ipAddresses,
    ...validity,
  })
  const seen: Seen[] = []
  const tls = {
    cert: certificate,
    key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  }
  const server = createServer(tls, (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string | false }
    const { url = '', headers } = request
    const commonName = socket.getPeerCertificate().subject?.CN as string | undefined
    const what = { url, headers, commonName, servername: socket.servername ?? false }
    seen.push(what)
    answer(request, response, what)
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { port, ca: authority.certificate, url: `https://${joinHostPort(host, port)}`, seen, close }
}
