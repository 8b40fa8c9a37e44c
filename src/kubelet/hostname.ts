// A Pod's own name and domain, as the kubelet gives them to its containers (upstream
// GeneratePodHostNameAndDomain).
import type { Pod } from '../api/generated/types.ts'
import type { HostsEntry } from './hosts.ts'

const longest = 63

export function podHostname(pod: Pod, clusterDomain: string): HostsEntry {
  const { hostname, subdomain, hostnameOverride } = pod.spec ?? {}
  if (hostnameOverride) return { hostname: hostnameOverride }
  const wanted = hostname || pod.metadata.name || ''
  const name = wanted.length > longest ? wanted.slice(0, longest).replace(/[-.]+$/, '') : wanted
  if (!subdomain) return { hostname: name }
  return { hostname: name, domain: `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` }
}

/** What `hostname` prints inside: with setHostnameAsFQDN the full name. */
export function kernelHostname(pod: Pod, nodeName: string, clusterDomain: string): string {
  if (pod.spec?.hostNetwork) return nodeName
  const { hostname, domain } = podHostname(pod, clusterDomain)
  return pod.spec?.setHostnameAsFQDN && domain ? `${hostname}.${domain}` : hostname
}
