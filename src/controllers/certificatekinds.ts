// What the signers that come with Kubernetes ask of a request before they sign it (upstream's
// pkg/apis/certificates/helpers.go and pkg/controller/certificates/signer).
import type { CertificateSigningRequest } from '../api/generated/types.ts'
import { isConditionTrue } from '../api/meta/conditions.ts'
import { signerNames } from '../api/resources/certificates.k8s.io/signername.ts'
import { type CertificateRequest, parseCertificateRequest } from '../x509/certificaterequest.ts'

/** Undefined: it is as the signer wants it; otherwise why not. */
type SignerRule = (request: CertificateRequest, usages: readonly string[]) => string | undefined

const nodePrefix = 'system:node:'
const nodeGroup = 'system:nodes'

const requestOf = ({ spec }: CertificateSigningRequest): CertificateRequest =>
  parseCertificateRequest(Buffer.from(spec.request, 'base64').toString('latin1'))

function checkNodeSubject({ subject }: CertificateRequest): string | undefined {
  if (subject.organizations.join() !== nodeGroup) return `subject organization is not ${nodeGroup}`
  return subject.commonName.startsWith(nodePrefix)
    ? undefined
    : `subject common name does not begin with ${nodePrefix}`
}

/** All of `wanted`, and of the optional ones any. */
function checkUsages(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const optional = 'key encipherment'
  const all = new Set(usages)
  const isRight =
    wanted.every(usage => all.has(usage)) &&
    [...all].every(usage => wanted.includes(usage) || usage === optional)
  return isRight ? undefined : `usages did not match [${[...wanted, optional].sort().join(' ')}]`
}

const kubeletServing: SignerRule = (request, usages) => {
  const { dnsNames, ipAddresses, emailAddresses, uris } = request
  const names =
    dnsNames.length + ipAddresses.length === 0
      ? 'DNS or IP subjectAltName is required'
      : emailAddresses.length > 0
        ? 'Email subjectAltNames are not allowed'
        : uris.length > 0
          ? 'URI subjectAltNames are not allowed'
          : undefined
  return checkNodeSubject(request) ?? names ?? checkUsages(usages, ['digital signature', 'server auth'])
}

const kubeletClient: SignerRule = (request, usages) => {
  const kinds = [
    ['DNS', request.dnsNames],
    ['Email', request.emailAddresses],
    ['IP', request.ipAddresses],
    ['URI', request.uris],
  ] as const
  const [kind] = kinds.find(([, names]) => names.length > 0) ?? []
  const names = kind && `${kind} subjectAltNames are not allowed`
  return checkNodeSubject(request) ?? names ?? checkUsages(usages, ['client auth', 'digital signature'])
}

const apiServerClient: SignerRule = (_request, usages) => {
  const allowed = ['client auth', 'digital signature', 'key encipherment']
  const odd = usages.find(usage => !allowed.includes(usage))
  if (odd !== undefined) return `invalid usage for client certificate: ${odd}`
  return usages.includes('client auth')
    ? undefined
    : 'missing required usage for client certificate: client auth'
}

const rules: Readonly<Record<string, SignerRule>> = {
  [signerNames.kubeletServing]: kubeletServing,
  [signerNames.kubeAPIServerClientKubelet]: kubeletClient,
  [signerNames.kubeAPIServerClient]: apiServerClient,
  [signerNames.legacyUnknown]: () => undefined,
}

export interface Recognized {
  readonly request: CertificateRequest
  readonly problem: string | undefined
}

/** Undefined for signers that are none of ours. */
export function recognize(object: CertificateSigningRequest): Recognized | undefined {
  const rule = rules[object.spec.signerName]
  if (!rule) return undefined
  const request = requestOf(object)
  return { request, problem: rule(request, object.spec.usages ?? []) }
}

export type Verdict = 'pending' | 'approved' | 'denied' | 'failed'

export function verdictOf({ status }: CertificateSigningRequest): Verdict {
  const has = (type: string) => isConditionTrue(status?.conditions, type)
  if (has('Denied')) return 'denied'
  if (has('Failed')) return 'failed'
  return has('Approved') ? 'approved' : 'pending'
}
