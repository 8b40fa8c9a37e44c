// Everything the kubelet gives a container: variables, /etc/hosts, resolv.conf, command and mounts. It is
// made only when a runtime asks for it; variables that come from ConfigMaps and Secrets are fixed when the
// container starts.

import type { Container, Pod, Service, Volume, VolumeMount } from '../api/generated/types.ts'
import { withoutTrailing } from '../component/text.ts'
import { ContainerConfigError, containerVariables } from './environment.ts'
import { expandReferences } from './expansion.ts'
import type { DownwardContext } from './fieldpath.ts'
import { kernelHostname, podHostname } from './hostname.ts'
import { formatHostNetworkHosts, formatHosts } from './hosts.ts'
import type { NodeVolumes } from './nodevolumes.ts'
import type { References } from './references.ts'
import { type DNSSettings, formatResolvConf, planPodDNS } from './resolvconf.ts'
import type { ContainerEnvironment, ContainerMount, MountPropagation } from './runtime.ts'
import type { Variable } from './serviceenvironment.ts'
import { pluginOf } from './volumes/index.ts'

const hostsPath = '/etc/hosts'

export interface EnvironmentContext extends DownwardContext {
  readonly nodeName: string
  readonly references: References
  /** All that there are now. */
  readonly services: () => Iterable<Service>
  readonly dns: DNSSettings
  readonly nodeHosts: () => string
  /** Absent: the node has no file system. */
  readonly volumes?: NodeVolumes | undefined
  /** RFC 3339: Services that are younger are not seen by the container. */
  readonly startedAt?: string
  /** Already made, because they could have failed. */
  readonly variables?: readonly Variable[]
}

function hostsOf(pod: Pod, context: EnvironmentContext): string {
  const aliases = pod.spec?.hostAliases ?? []
  if (pod.spec?.hostNetwork) {
    return formatHostNetworkHosts(context.nodeHosts(), aliases)
  }
  return formatHosts(context.podIPs, podHostname(pod, context.dns.clusterDomain), aliases)
}

interface MountContext extends EnvironmentContext {
  readonly pod: Pod
  /** The container's variables. */
  readonly values: ReadonlyMap<string, string>
}

function mountOf(volume: Volume, mount: VolumeMount, context: MountContext): ContainerMount {
  const { pod, values, volumes } = context
  const plugin = pluginOf(volume)
  const subPath = mount.subPathExpr
    ? expandReferences(mount.subPathExpr, name => values.get(name))
    : (mount.subPath ?? '')
  return {
    path: withoutTrailing(mount.mountPath, '/') || mount.mountPath.slice(0, 1),
    volume: volume.name,
    subPath,
    isReadOnly: mount.readOnly ?? !plugin.isWritable,
    isWritable: plugin.isWritable,
    propagation: (mount.mountPropagation ?? 'None') as MountPropagation,
    ...(volumes ? { hostPath: volumes.pathOf(pod, { volume, subPath }) } : {}),
    files: async () => {
      const files = await plugin.files(volume, { ...context, pod })
      return new Map([...files].map(([path, { content }]) => [path, content]))
    },
  }
}

/** On a node with a file system /etc/hosts is a file of the Pod. */
function hostsMount(pod: Pod, hosts: string, volumes: NodeVolumes): ContainerMount {
  return {
    path: hostsPath,
    volume: '',
    subPath: '',
    isReadOnly: false,
    isWritable: false,
    propagation: 'None',
    hostPath: volumes.writeHosts(pod, hosts),
    files: async () => new Map([['', Buffer.from(hosts)]]),
  }
}

/** Throws ContainerConfigError. */
function mountsOf(container: Container, hosts: string, context: MountContext): ContainerMount[] {
  const { pod, volumes } = context
  const mounts = (container.volumeMounts ?? []).flatMap(mount => {
    const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name)
    if (!volume) return []
    try {
      return [mountOf(volume, mount, context)]
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ContainerConfigError(
        `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}": ${why}`,
      )
    }
  })
  if (volumes && !mounts.some(({ path }) => path === hostsPath)) mounts.push(hostsMount(pod, hosts, volumes))
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
  const hosts = hostsOf(pod, context)
  return {
    podIPs: context.podIPs,
    hosts,
    resolvConf: formatResolvConf(planPodDNS(pod, context.dns).config),
    hostname: kernelHostname(pod, context.nodeName, context.dns.clusterDomain),
    variables,
    command: expand(container.command),
    args: expand(container.args),
    workingDirectory: container.workingDir,
    mounts: mountsOf(container, hosts, { ...context, pod, values }),
  }
}
