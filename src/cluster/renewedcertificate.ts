// A certificate of the cluster's own authority for somebody in this process: issued when it is asked for, and
// anew before it ends or when it lacks a name, so that a cluster outlives any of its certificates.
import { type Clock, earliestNow } from '../component/clock.ts'
import {
  type Authority,
  type CertificateContents,
  issueCertificate,
  type KeyedCertificate,
} from '../x509/certificates.ts'

const dayMs = 86_400_000
const lifeMs = 365 * dayMs
/** Clocks of clients may be behind. */
const slackMs = 3_600_000
/** Nodes renew theirs between 70 and 90 percent. */
const renewedAfter = 0.7

export type Contents = Omit<CertificateContents, 'notBeforeMs' | 'notAfterMs'>

interface Issued {
  readonly keyed: KeyedCertificate
  readonly contents: Contents
  readonly renewMs: number
  readonly notAfterMs: number
}

const names = ({ dnsNames = [], ipAddresses = [] }: Contents) => [...dnsNames, ...ipAddresses]

function lacksName(issued: Contents, wanted: Contents): boolean {
  const has = new Set(names(issued))
  return names(wanted).some(name => !has.has(name))
}

function issue(authority: Authority, contents: Contents, clock: Clock): Issued {
  const nowMs = clock.now()
  const notAfterMs = Math.min(nowMs + lifeMs, authority.notAfterMs)
  const keyed = issueCertificate(authority, {
    ...contents,
    notBeforeMs: earliestNow(clock) - slackMs,
    notAfterMs,
  })
  return { keyed, contents, notAfterMs, renewMs: nowMs + (notAfterMs - nowMs) * renewedAfter }
}

/**
 * The certificate to use now, each time that is asked: the same one for 70 percent of a year, while it has
 * all names that `contents` says.
 *
 * @example
 * const admin = renewedCertificate(authority, clock, () => ({ commonName: 'admin', usages: ['client'] }))
 * const { certificate, key } = admin()
 */
export function renewedCertificate(
  authority: Authority,
  clock: Clock,
  contents: () => Contents,
): () => KeyedCertificate {
  let last: Issued | undefined
  return () => {
    const wanted = contents()
    const isOld = !last || (clock.now() >= last.renewMs && last.notAfterMs < authority.notAfterMs)
    if (!last || isOld || lacksName(last.contents, wanted)) last = issue(authority, wanted, clock)
    return last.keyed
  }
}
