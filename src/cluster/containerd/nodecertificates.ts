// The certificates of a node's process: what it was given or kept, or got with the token it was invited with;
// fresh ones before they end.
import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { StatusError } from '../../api/status.ts'
import { Client } from '../../client/client.ts'
import type { ClientConfig } from '../../client/kubeconfig.ts'
import { type HTTPSTransportOptions, httpsTransport } from '../../client/transport.ts'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import { CertificateManager } from '../../kubelet/certificatemanager.ts'
import { type CertificatePurpose, requestCertificate } from '../../kubelet/certificaterequests.ts'
import { createAuthority, issueCertificate, type KeyedCertificate } from '../../x509/certificates.ts'
import { ConfigError } from '../config.ts'
import type { NodeConfig } from './nodeconfig.ts'

export interface CertificateOptions {
  readonly config: NodeConfig
  readonly clock: Clock
  readonly log: Logger
}

/** As upstream's kubelets call them. */
const fileNames = { client: 'kubelet-client-current.pem', serving: 'kubelet-server-current.pem' } as const

interface Wanted {
  readonly purpose: CertificatePurpose
  readonly given: KeyedCertificate | undefined
  readonly client: () => Client
  readonly onChange?: (current: KeyedCertificate) => void
}

function fits({ name, addresses }: NodeConfig, purpose: CertificatePurpose, own: X509Certificate): boolean {
  return purpose === 'client'
    ? own.subject === `O=system:nodes\nCN=system:node:${name}`
    : addresses.every(address => own.checkIP(address) !== undefined)
}

const managerOf = (
  { config, clock, log }: CertificateOptions,
  { purpose, given, client, onChange }: Wanted,
) =>
  new CertificateManager({
    purpose,
    clock,
    log,
    ca: config.clientCA,
    path: join(config.directory, 'pki', fileNames[purpose]),
    given,
    fits: certificate => fits(config, purpose, certificate),
    request: signal => requestCertificate(config, purpose, { client: client(), clock, signal }),
    ...(onChange ? { onChange } : {}),
  })

/** With the token of the kubeconfig until there is a certificate, and then with that. */
export async function openNodeTransport(
  options: CertificateOptions,
  kubeconfig: ClientConfig,
  more: Pick<HTTPSTransportOptions, 'userAgent' | 'headers'>,
) {
  const { clock } = options
  const { token, certificate, key, ...server } = kubeconfig
  const transport = httpsTransport(server, { ...more, clock, certificate: () => certificates.current })
  const bootstrap = httpsTransport({ ...server, ...(token ? { token } : {}) }, { ...more, clock })
  const certificates = managerOf(options, {
    purpose: 'client',
    given: certificate && key ? { certificate, key } : undefined,
    client: () => new Client(certificates.current ? transport : bootstrap),
  })
  try {
    await certificates.obtain()
  } catch (error) {
    transport.close()
    if (!(error instanceof StatusError) || error.code !== 401) throw error
    throw new ConfigError(
      'the cluster does not know the token of the invitation (any more), expected a new `futago node invite`',
    )
  } finally {
    bootstrap.close()
  }
  await certificates.start()
  return { transport, certificates }
}

/** `client` is the node's own: only itself gets a certificate for its addresses. */
export const servingCertificates = (
  options: CertificateOptions,
  client: Client,
  onChange: (current: KeyedCertificate) => void,
): CertificateManager =>
  managerOf(options, {
    purpose: 'serving',
    given: options.config.servingCertificate,
    client: () => client,
    onChange,
  })

/** To listen with until somebody has approved a better one: nobody trusts it. */
export function temporaryCertificate(name: string, nowMs: number): KeyedCertificate {
  const validity = { notBeforeMs: nowMs - 3_600_000, notAfterMs: nowMs + 24 * 3_600_000 }
  const authority = createAuthority(`${name}-temporary`, validity)
  return issueCertificate(authority, { commonName: name, usages: ['server'], ...validity })
}
