// A Pod's sandbox as CRI has it: names and labels by which it is found again, its network's settings and the
// folder of its logs (upstream pkg/kubelet/kuberuntime/kuberuntime_sandbox.go and labels.go). Pure.
import type { ContainerPort, Pod } from '../../api/generated/types.ts'
import type { RuntimePod, SandboxEnvironment } from '../runtime.ts'
import { type PodSandboxConfig, protocol } from './runtimeapi.ts'
import { sandboxSecurityContext } from './securitycontext.ts'

export const podLabels = {
  name: 'io.kubernetes.pod.name',
  namespace: 'io.kubernetes.pod.namespace',
  uid: 'io.kubernetes.pod.uid',
  container: 'io.kubernetes.container.name',
} as const

export const identityOf = (pod: Pod): RuntimePod => ({
  uid: pod.metadata.uid ?? '',
  namespace: pod.metadata.namespace ?? '',
  name: pod.metadata.name ?? '',
})

export const identityLabels = ({ uid, namespace, name }: RuntimePod): Readonly<Record<string, string>> => ({
  [podLabels.name]: name,
  [podLabels.namespace]: namespace,
  [podLabels.uid]: uid,
})

/** Below the folder of all logs; collectors of logs know this form. */
export const logFolder = ({ namespace, name, uid }: RuntimePod): string => `${namespace}_${name}_${uid}`

const portMapping = ({ protocol: name = 'TCP', containerPort = 0, hostPort, ...port }: ContainerPort) => ({
  protocol: protocol[name as keyof typeof protocol],
  containerPort,
  hostPort,
  // The field of one port: which of the node's addresses; all, of both families, when it is empty.
  // Not the singular field of a Pod's status.
  hostIp: port['hostIP'],
})

function portMappings(pod: Pod) {
  if (pod.spec?.hostNetwork) return []
  const sidecars = pod.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  return [...sidecars, ...(pod.spec?.containers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => (hostPort ?? 0) > 0)
    .map(portMapping)
}

export interface SandboxOptions {
  readonly environment: SandboxEnvironment
  /** The folder of all Pods' logs. */
  readonly logsRoot: string
  /** How often the Pod's sandbox was made before. */
  readonly attempt: number
  /** Empty: the runtime's own choice. */
  readonly cgroupParent: string
}

export function sandboxConfig(
  pod: Pod,
  { environment, logsRoot, attempt, cgroupParent }: SandboxOptions,
): PodSandboxConfig {
  const identity = identityOf(pod)
  const { dns, hostname } = environment
  const sysctls = pod.spec?.securityContext?.sysctls ?? []
  return {
    metadata: { ...identity, attempt },
    // In the node's network a Pod has the node's name, too.
    hostname: pod.spec?.hostNetwork ? '' : hostname,
    logDirectory: `${logsRoot}/${logFolder(identity)}`,
    dnsConfig: { servers: dns.nameservers, searches: dns.searches, options: dns.options },
    portMappings: portMappings(pod),
    labels: { ...pod.metadata.labels, ...identityLabels(identity) },
    annotations: pod.metadata.annotations,
    linux: {
      cgroupParent,
      securityContext: sandboxSecurityContext(pod),
      sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [name, value])),
    },
  }
}
