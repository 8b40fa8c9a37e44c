// What answers a question: a chain of plugins, each in its own file, asked in the order of plugins/index.ts.
// The first that does not pass decides.
import type { EndpointSlice, Namespace, Service } from '../../api/generated/types.ts'
import type { Informer } from '../../client/informer.ts'
import type { CIDR } from '../../ip/cidr.ts'
import type { DNSRecord, Question, Reply } from './message.ts'

export interface DNSContext {
  /** `cluster.local` */
  readonly domain: string
  readonly services: Informer<Service>
  readonly endpointSlices: Informer<EndpointSlice>
  readonly namespaces: Informer<Namespace>
  /** Ranges of Pods and Services: nobody else knows the names of their addresses. */
  readonly ranges: readonly CIDR[]
  /** Where clients reach this server, one address per family. */
  readonly addresses: readonly string[]
  /** Asks the servers outside. */
  readonly forward: (question: Question) => Promise<Reply>
  /** Asks the chain from its beginning, for the target of an alias. */
  readonly resolve: (question: Question) => Answer
}

export type Answer = Reply | Promise<Reply>

export interface DNSPlugin {
  readonly name: string
  /** Undefined: somebody else's question. */
  answer(question: Question, context: DNSContext): Answer | undefined
}

/** Short, so that clients see what changes; the Kubernetes default. */
export const recordTTL = 5

/** Informers are shared: indexes have names of their own. */
export const serviceKeyIndex = 'dns/service'
export const addressIndex = 'dns/address'

/** The labels before the cluster's domain, `['web', 'default', 'svc']`; undefined outside the domain. */
export function labelsBelow(name: string, domain: string): string[] | undefined {
  if (name === domain) return []
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1).split('.') : undefined
}

export function zoneAuthority(zone: string): DNSRecord {
  const data = {
    mname: `ns.dns.${zone}`,
    rname: `hostmaster.${zone}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: recordTTL,
  }
  return { name: zone, type: 'SOA', ttl: recordTTL, data }
}

/** The name exists, but has nothing of that type: what a resolver needs to hear to go on at once. */
export const noData = (zone: string): Reply => ({
  rcode: 'NOERROR',
  authoritative: true,
  authorities: [zoneAuthority(zone)],
})

export const noSuchName = (zone: string): Reply => ({ ...noData(zone), rcode: 'NXDOMAIN' })

/** The answers, or that there are none of the type. */
export const answersOr = (
  zone: string,
  answers: readonly DNSRecord[],
  additionals: readonly DNSRecord[] = [],
): Reply =>
  answers.length > 0 ? { rcode: 'NOERROR', authoritative: true, answers, additionals } : noData(zone)
