// Questions to the cluster's DNS from probe Pods. Where a cluster has no DNS at all there is nothing to judge
// about families: DNS-02 says so, and the others refer to it.
import { services } from '../api/resources/core/service.ts'
import { isForbidden, isNotFound } from '../api/status.ts'
import { familyOf, type IPFamily } from '../ip/family.ts'
import type { CheckContext } from './check.ts'
import { notEvaluable, type Verdict } from './verdict.ts'

export const recordTypes: Readonly<Record<IPFamily, 'A' | 'AAAA'>> = { IPv4: 'A', IPv6: 'AAAA' }

/** Says first whether this cluster's DNS answers at all, and ends the script if not: `dns TIMEOUT`. */
export const askWhetherDNS = `
dns=$(resolve A "$(fqdn kubernetes default)" | head -n 1)
echo "dns $dns"
case $dns in TIMEOUT|REFUSED|NXDOMAIN) exit 0 ;; esac
`

/** NXDOMAIN: somebody answers who has never heard of the cluster. */
const silent = ['TIMEOUT', 'REFUSED', 'NXDOMAIN', '']

/** Whether it answered, be it that there is no such record. */
export const dnsAnswers = (stdout: string): boolean => !silent.includes(/^dns (.*)$/m.exec(stdout)?.[1] ?? '')

/** The Service of the cluster's DNS; undefined where there is none, or no right to look. */
export async function dnsService({ client }: Pick<CheckContext, 'client'>) {
  try {
    return await client.get(services, { namespace: 'kube-system', name: 'kube-dns' })
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) return undefined
    throw error
  }
}

export const noDNS: Verdict = notEvaluable({
  en: 'The cluster DNS does not answer Pods (see DNS-02)',
  ja: 'クラスターDNSがPodに応答しません（DNS-02を参照）',
})

/** What `resolve` printed: addresses, or one word. */
export interface Resolved {
  readonly addresses: readonly string[]
  /** NODATA, NXDOMAIN, SERVFAIL, REFUSED, TIMEOUT; absent with addresses. */
  readonly failure?: string
}

export function parseResolved(output: string): Resolved {
  const words = output.split(/\s+/).filter(word => word !== '')
  const addresses = words.filter(word => familyOf(word) !== undefined)
  return addresses.length > 0 ? { addresses } : { addresses, failure: words[0] ?? 'TIMEOUT' }
}
