// What a node proves who it is with: to the API server as `system:node:NAME` of the group `system:nodes`, as
// the Node authorizer of Kubernetes expects, and to those that ask its kubelet, at each of its addresses.
import { type Authority, issueCertificate, type KeyedCertificate } from '../../x509/certificates.ts'
import { formatKubeconfig } from '../kubeconfig.ts'

export interface NodeCredentialsRequest {
  readonly name: string
  readonly addresses: readonly string[]
  /** Of the API server, as the node reaches it: `https://172.20.0.1:6443`. */
  readonly server: string
  readonly nowMs: number
}

export interface NodeCredentials {
  readonly kubeconfig: string
  readonly serving: KeyedCertificate
}

/** A name in the server's certificate: the machine may have got the address after that was made. */
export const apiServerName = 'kubernetes'

const hourMs = 3_600_000

const validityFrom = (nowMs: number) => ({
  notBeforeMs: nowMs - hourMs,
  notAfterMs: nowMs + 365 * 24 * hourMs,
})

export function issueNodeCredentials(
  authority: Authority,
  { name, addresses, server, nowMs }: NodeCredentialsRequest,
): NodeCredentials {
  const validity = validityFrom(nowMs)
  const user = `system:node:${name}`
  const client = issueCertificate(authority, {
    commonName: user,
    organizations: ['system:nodes'],
    usages: ['client'],
    ...validity,
  })
  const serving = issueCertificate(authority, {
    commonName: user,
    organizations: ['system:nodes'],
    dnsNames: [name],
    ipAddresses: addresses,
    usages: ['server'],
    ...validity,
  })
  const kubeconfig = formatKubeconfig({
    name,
    server,
    serverName: apiServerName,
    authority: authority.certificate,
    ...client,
  })
  return { kubeconfig, serving }
}
