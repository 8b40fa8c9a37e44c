// The /etc/resolv.conf of a Pod: its DNS policy, the cluster's name servers (one per family), the Pod's own
// dnsConfig and upstream's limits (pkg/kubelet/network/dns; resolv.conf(5)).
import type { Pod, PodDNSConfigOption } from '../api/generated/types.ts'

export interface DNSConfig {
  readonly nameservers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface DNSSettings {
  /** Addresses of the cluster's DNS Service in the order of its families; empty when there is none. */
  readonly clusterDNS: readonly string[]
  readonly clusterDomain: string
  /** What the node itself uses. */
  readonly node: DNSConfig
}

export interface PodDNS {
  readonly config: DNSConfig
  /** Sentences for Warning events, reason DNSConfigForming. */
  readonly warnings: readonly string[]
}

const maxNameservers = 3
const maxSearches = 32
const maxSearchCharacters = 2048
const clusterOptions = ['ndots:5']

const unique = (values: readonly string[]) => [...new Set(values)]

function mergeOptions(existing: readonly string[], own: readonly PodDNSConfigOption[]): string[] {
  const merged = new Map<string, string>()
  for (const option of existing) {
    const colon = option.indexOf(':')
    if (colon < 0) merged.set(option, '')
    else merged.set(option.slice(0, colon), option.slice(colon + 1))
  }
  for (const { name = '', value = '' } of own) merged.set(name, value)
  return [...merged].map(([name, value]) => (value === '' ? name : `${name}:${value}`))
}

function baseConfig(pod: Pod, settings: DNSSettings): DNSConfig {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst'
  if (policy === 'None') return { nameservers: [], searches: [], options: [] }
  const usesCluster =
    policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec?.hostNetwork)
  if (!usesCluster || settings.clusterDNS.length === 0) return settings.node
  const domain = settings.clusterDomain
  const namespace = pod.metadata.namespace ?? 'default'
  return {
    nameservers: settings.clusterDNS,
    searches: unique([
      `${namespace}.svc.${domain}`,
      `svc.${domain}`,
      domain,
      ...settings.node.searches.filter(search => search !== '.'),
    ]),
    options: clusterOptions,
  }
}

function limitSearches(searches: readonly string[], warnings: string[]): readonly string[] {
  let kept = searches.slice(0, maxSearches)
  while (kept.join(' ').length > maxSearchCharacters) kept = kept.slice(0, -1)
  if (kept.length < searches.length) {
    warnings.push(
      'Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ' +
        kept.join(' '),
    )
  }
  return kept
}

function limitNameservers(nameservers: readonly string[], warnings: string[]): readonly string[] {
  if (nameservers.length <= maxNameservers) return nameservers
  const kept = nameservers.slice(0, maxNameservers)
  warnings.push(
    'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ' +
      kept.join(' '),
  )
  return kept
}

export function planPodDNS(pod: Pod, settings: DNSSettings): PodDNS {
  const base = baseConfig(pod, settings)
  const own = pod.spec?.dnsConfig
  const warnings: string[] = []
  const nameservers = unique([...base.nameservers, ...(own?.nameservers ?? [])])
  const searches = unique([...base.searches, ...(own?.searches ?? [])])
  return {
    config: {
      nameservers: limitNameservers(nameservers, warnings),
      searches: limitSearches(searches, warnings),
      options: mergeOptions(base.options, own?.options ?? []),
    },
    warnings,
  }
}

export function formatResolvConf({ nameservers, searches, options }: DNSConfig): string {
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}\n`] : []),
    ...nameservers.map(server => `nameserver ${server}\n`),
    ...(options.length > 0 ? [`options ${options.join(' ')}\n`] : []),
  ].join('')
}
