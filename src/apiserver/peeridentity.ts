// Who is at the other end of a TLS connection: what their client certificate says, for as long as it is good.
// Upstream verifies it again at each request (k8s.io/apiserver pkg/authentication/request/x509).
import type { TLSSocket } from 'node:tls'
import { type Clock, earliestNow } from '../component/clock.ts'
import type { User } from './registry/registry.ts'

export interface Identity {
  readonly certificateUser?: User
  readonly certificateExpiresMs?: number
  readonly certificateProblem?: string
  readonly remoteAddress?: string
}

export interface Peer {
  readonly identity: Identity
  /** Until then the certificate is good. */
  readonly notAfterMs: number
}

/** What occurs several times is a list. */
type Values = string | string[] | undefined

interface Subject {
  readonly CN?: Values
  readonly O?: Values
}

const valuesOf = (value: Values): string[] => (value === undefined ? [] : [value].flat())

export function identify(socket: TLSSocket): Peer {
  const certificate = socket.getPeerCertificate()
  const subject = certificate?.subject as Subject | undefined
  const from = socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress }
  const unbounded = (identity: Identity): Peer => ({ identity, notAfterMs: Number.POSITIVE_INFINITY })
  if (!subject) return unbounded(from)
  if (!socket.authorized) {
    return unbounded({ ...from, certificateProblem: String(socket.authorizationError) })
  }
  // The last of several, as upstream; without a name it is nobody, whatever the groups.
  const name = valuesOf(subject.CN).at(-1)
  if (!name) return unbounded(from)
  const notAfterMs = Date.parse(certificate.valid_to)
  const certificateUser = { name, groups: valuesOf(subject.O) }
  return { identity: { ...from, certificateUser, certificateExpiresMs: notAfterMs }, notAfterMs }
}

/** A connection can outlive the certificate that it was opened with. */
export function identityNow({ identity, notAfterMs }: Peer, clock: Clock): Identity {
  if (earliestNow(clock) < notAfterMs) return identity
  const { certificateUser: _, certificateExpiresMs: __, ...rest } = identity
  return { ...rest, certificateProblem: 'CERT_HAS_EXPIRED' }
}
