// Signs the requests for certificates that were approved, for the signers that come with Kubernetes:
// kube-controller-manager's csrsigning controllers. A request that a signer cannot accept is marked Failed.
import type { CertificateSigningRequest } from '../api/generated/types.ts'
import { certificateSigningRequests } from '../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { type Authority, signRequest } from '../x509/certificates.ts'
import { recognize, verdictOf } from './certificatekinds.ts'
import { defineController } from './controller.ts'

export interface CertificateSigningOptions {
  readonly authority: Authority
  /** The longest life of a certificate. Default: a year, as upstream's --cluster-signing-duration. */
  readonly durationMs?: number
}

const yearMs = 365 * 24 * 3_600_000
/** Clocks of those who verify may be behind. */
const slackMs = 5 * 60_000
/** Certificates that live shorter than this live for as long as was asked for, slack or not. */
const shortMs = 8 * 3_600_000

/** From when to when, for a wish in seconds. */
export function planValidity(expirationSeconds: number | undefined, nowMs: number, longestMs = yearMs) {
  const lifeMs = Math.min(longestMs, expirationSeconds === undefined ? longestMs : expirationSeconds * 1000)
  const notBeforeMs = nowMs - slackMs
  return { notBeforeMs, notAfterMs: (lifeMs < shortMs ? nowMs : notBeforeMs) + lifeMs }
}

const failed = (message: string, before: CertificateSigningRequest) => ({
  ...before.status,
  conditions: [
    ...(before.status?.conditions ?? []),
    { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message },
  ],
})

export const certificateSigningController = ({ authority, durationMs }: CertificateSigningOptions) =>
  defineController({
    name: 'csrsigning',
    for: certificateSigningRequests,
    async reconcile(object, { client, clock }) {
      if (verdictOf(object) !== 'approved' || object.status?.certificate) return
      const recognized = recognize(object)
      if (!recognized) return
      const { request, problem } = recognized
      const { expirationSeconds, usages = [] } = object.spec
      const sign = () => {
        const validity = planValidity(expirationSeconds, clock.now(), durationMs)
        const certificate = signRequest(authority, request, { usages, ...validity })
        return { ...object.status, certificate: Buffer.from(certificate).toString('base64') }
      }
      const status = problem === undefined ? sign() : failed(problem, object)
      await client.updateStatus(certificateSigningRequests, { ...object, status })
    },
  })
