// How a kubelet comes by a certificate: it makes a key, asks the API server's signers and waits until
// somebody has approved (upstream's k8s.io/client-go util/certificate/csr).
import type { CertificateSigningRequest } from '../api/generated/types.ts'
import { findCondition } from '../api/meta/conditions.ts'
import { certificateSigningRequests } from '../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { signerNames } from '../api/resources/certificates.k8s.io/signername.ts'
import type { Client } from '../client/client.ts'
import { waitForObject } from '../client/waitfor.ts'
import type { Clock } from '../component/clock.ts'
import { createCertificateRequest } from '../x509/certificaterequest.ts'
import type { KeyedCertificate } from '../x509/certificates.ts'

export type CertificatePurpose = 'client' | 'serving'

export interface NodeIdentity {
  readonly name: string
  /** One per family. */
  readonly addresses: readonly string[]
}

export interface RequestOptions {
  /** Who may ask: the node itself, or whoever has a bootstrap token. */
  readonly client: Client
  readonly clock: Clock
  readonly signal?: AbortSignal
}

const patienceMs = 15 * 60_000

const kinds = {
  client: { signerName: signerNames.kubeAPIServerClientKubelet, usage: 'client auth' },
  serving: { signerName: signerNames.kubeletServing, usage: 'server auth' },
} as const

function isSettled(request: CertificateSigningRequest | undefined): boolean {
  if (!request) throw new Error('the request for a certificate is gone')
  const { conditions, certificate } = request.status ?? {}
  for (const type of ['Denied', 'Failed']) {
    const refusal = findCondition(conditions, type)
    if (refusal) throw new Error(`the request for a certificate is ${type}: ${refusal.message ?? ''}`)
  }
  return certificate !== undefined && certificate !== ''
}

/** With a new certificate and its key. Rejects when it is denied, or not there in a quarter of an hour. */
export async function requestCertificate(
  { name, addresses }: NodeIdentity,
  purpose: CertificatePurpose,
  { client, clock, signal }: RequestOptions,
): Promise<KeyedCertificate> {
  const { signerName, usage } = kinds[purpose]
  const { request, key } = createCertificateRequest({
    commonName: `system:node:${name}`,
    organizations: ['system:nodes'],
    ...(purpose === 'serving' ? { dnsNames: [name], ipAddresses: addresses } : {}),
  })
  const { metadata } = await client.create(certificateSigningRequests, {
    metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName,
      usages: ['digital signature', usage],
    },
  })
  const answered = await waitForObject({
    client,
    clock,
    resource: certificateSigningRequests,
    name: metadata.name ?? '',
    until: isSettled,
    timeoutMs: patienceMs,
    ...(signal ? { signal } : {}),
  })
  return { certificate: Buffer.from(answered?.status?.certificate ?? '', 'base64').toString(), key }
}
