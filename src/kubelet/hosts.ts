// The /etc/hosts that the kubelet mounts into every container: one line per Pod address, in the Pod's order
// of families (upstream pkg/kubelet/kubelet_pods.go; KEP-563 for several addresses).
import type { HostAlias } from '../api/generated/types.ts'

export interface HostsEntry {
  readonly hostname: string
  /** `sub.ns.svc.cluster.local`; only Pods with a subdomain have one. */
  readonly domain?: string
}

const loopback = `
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`.trimStart()

function formatAliases(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return ''
  const lines = aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}\n`)
  return `\n# Entries added by HostAliases.\n${lines.join('')}`
}

/** The file of a Pod that has its own addresses. */
export function formatHosts(
  podIPs: readonly string[],
  { hostname, domain }: HostsEntry,
  aliases: readonly HostAlias[] = [],
): string {
  const names = domain ? `${hostname}.${domain}\t${hostname}` : hostname
  const own = podIPs.map(ip => `${ip}\t${names}\n`).join('')
  return `# Kubernetes-managed hosts file.\n${loopback}${own}${formatAliases(aliases)}`
}

/** The file of a Pod in the node's network: the node's own file, and the aliases. */
export function formatHostNetworkHosts(nodeHosts: string, aliases: readonly HostAlias[] = []): string {
  return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${formatAliases(aliases)}`
}

/** The /etc/hosts of a simulated node itself. */
export function formatNodeHosts(nodeIPs: readonly string[], nodeName: string): string {
  return loopback + nodeIPs.map(ip => `${ip}\t${nodeName}\n`).join('')
}
