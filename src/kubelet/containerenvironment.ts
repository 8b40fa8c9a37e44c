// Everything the kubelet gives a container: variables, /etc/hosts, resolv.conf, command and mounts. It is
// made only when a runtime asks for it; variables that come from ConfigMaps and Secrets are fixed when the
// container starts.
import type { Container, Pod, Service } from '../api/generated/types.ts'
import { containerVariables } from './environment.ts'
import { expandReferences } from './expansion.ts'
import type { DownwardContext } from './fieldpath.ts'
import { kernelHostname, podHostname } from './hostname.ts'
import { formatHostNetworkHosts, formatHosts, formatNodeHosts } from './hosts.ts'
import type { References } from './references.ts'
import { type DNSSettings, formatResolvConf, planPodDNS } from './resolvconf.ts'
import type { ContainerEnvironment, ContainerMount, MountPropagation } from './runtime.ts'
import type { Variable } from './serviceenvironment.ts'
import { pluginOf } from './volumes/index.ts'

export interface EnvironmentContext extends DownwardContext {
  readonly nodeName: string
  readonly references: References
  /** All that there are now. */
  readonly services: () => Iterable<Service>
  readonly dns: DNSSettings
  /** RFC 3339: Services that are younger are not seen by the container. */
  readonly startedAt?: string
  /** Already made, because they could have failed. */
  readonly variables?: readonly Variable[]
}

function hostsOf(pod: Pod, context: EnvironmentContext): string {
  const aliases = pod.spec?.hostAliases ?? []
  if (pod.spec?.hostNetwork) {
    return formatHostNetworkHosts(formatNodeHosts(context.hostIPs, context.nodeName), aliases)
  }
  return formatHosts(context.podIPs, podHostname(pod, context.dns.clusterDomain), aliases)
}

function mountsOf(pod: Pod, container: Container, context: EnvironmentContext, values: Map<string, string>) {
  const mounts: ContainerMount[] = []
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name)
    if (!volume) continue
    const plugin = pluginOf(volume)
    const subPath = mount.subPathExpr
      ? expandReferences(mount.subPathExpr, name => values.get(name))
      : (mount.subPath ?? '')
    mounts.push({
      path: mount.mountPath.replace(/(.)\/+$/, '$1'),
      volume: volume.name,
      subPath,
      isReadOnly: mount.readOnly ?? !plugin.isWritable,
      isWritable: plugin.isWritable,
      propagation: (mount.mountPropagation ?? 'None') as MountPropagation,
      files: () => plugin.files(volume, { ...context, pod }),
    })
  }
  return mounts
}

function visibleServices(context: EnvironmentContext): Service[] {
  const until = context.startedAt ?? '~'
  return [...context.services()].filter(({ metadata }) => (metadata.creationTimestamp ?? '') <= until)
}

/** Throws ContainerConfigError. */
export async function makeVariables(pod: Pod, container: Container, context: EnvironmentContext) {
  return containerVariables(pod, container, { ...context, services: visibleServices(context) })
}

export async function makeEnvironment(
  pod: Pod,
  container: Container,
  context: EnvironmentContext,
): Promise<ContainerEnvironment> {
  const variables = context.variables ?? (await makeVariables(pod, container, context))
  const values = new Map(variables)
  const expand = (words: readonly string[] | undefined) =>
    words?.length ? words.map(word => expandReferences(word, name => values.get(name))) : undefined
  return {
    podIPs: context.podIPs,
    hosts: hostsOf(pod, context),
    resolvConf: formatResolvConf(planPodDNS(pod, context.dns).config),
    hostname: kernelHostname(pod, context.nodeName, context.dns.clusterDomain),
    variables,
    command: expand(container.command),
    args: expand(container.args),
    workingDirectory: container.workingDir,
    mounts: mountsOf(pod, container, context, values),
  }
}
