// The Pod Security Standards' level baseline: known ways to become root on a node are closed. In the order in
// which upstream reports them. Source: kubernetes.io/docs/concepts/security/pod-security-standards and
// k8s.io/pod-security-admission/policy.
import type { LifecycleHandler, Probe } from '../../../api/generated/types.ts'
import {
  badSetters,
  type CheckedPod,
  everySetting,
  hasUserNamespace,
  named,
  namesOf,
  type PodSecurityCheck,
  pluralOf,
  quoted,
  sortedValues,
  userNamespacesSince,
  uses,
  type Violation,
} from './violation.ts'

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

/** With the minor version of the standard that let it in. */
const seLinuxTypes: ReadonlyMap<string, number> = new Map([
  ['', 0],
  ['container_t', 0],
  ['container_init_t', 0],
  ['container_kvm_t', 0],
  ['container_engine_t', 31],
])

/** Likewise. */
const safeSysctls: ReadonlyMap<string, number> = new Map([
  ['kernel.shm_rmid_forced', 0],
  ['net.ipv4.ip_local_port_range', 0],
  ['net.ipv4.tcp_syncookies', 0],
  ['net.ipv4.ping_group_range', 0],
  ['net.ipv4.ip_unprivileged_port_start', 0],
  ['net.ipv4.ip_local_reserved_ports', 27],
  ['net.ipv4.tcp_keepalive_time', 29],
  ['net.ipv4.tcp_fin_timeout', 29],
  ['net.ipv4.tcp_keepalive_intvl', 29],
  ['net.ipv4.tcp_keepalive_probes', 29],
  ['net.ipv4.tcp_rmem', 32],
  ['net.ipv4.tcp_wmem', 32],
])

const isKnown = (known: ReadonlyMap<string, number>, name: string, minor: number): boolean =>
  (known.get(name) ?? Number.NaN) <= minor

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

function appArmorProfile(pod: CheckedPod): Violation | undefined {
  const annotated = Object.entries(pod.metadata.annotations ?? {})
    .filter(
      ([key, value]) => key.startsWith(appArmorPrefix) && !/^(|runtime\/default|localhost\/.*)$/.test(value),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const setters = badSetters(pod, context => context?.appArmorProfile?.type === 'Unconfined')
  const details = [
    ...annotated.sort(),
    ...(setters ? [`${setters} must not set AppArmor profile type to "Unconfined"`] : []),
  ]
  const reason = pluralOf('forbidden AppArmor profile', details)
  return details.length > 0 ? { reason, detail: details.join(', ') } : undefined
}

function capabilities(pod: CheckedPod): Violation | undefined {
  const added = (list: readonly string[] = []) => list.filter(name => !defaultCapabilities.has(name))
  const bad = pod.containers.filter(
    ({ securityContext }) => added(securityContext?.capabilities?.add).length > 0,
  )
  if (bad.length === 0) return undefined
  const values = sortedValues(bad.flatMap(({ securityContext }) => added(securityContext?.capabilities?.add)))
  return {
    reason: 'non-default capabilities',
    detail: `${named('container', namesOf(bad))} must not include ${quoted(values)} in securityContext.capabilities.add`,
  }
}

function hostNamespaces({ spec }: CheckedPod): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(field => spec[field])
  return shared.length > 0
    ? { reason: 'host namespaces', detail: shared.map(field => `${field}=true`).join(', ') }
    : undefined
}

function hostPathVolumes({ spec }: CheckedPod): Violation | undefined {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name)
  return bad.length > 0 ? { reason: 'hostPath volumes', detail: named('volume', bad) } : undefined
}

function hostPorts(pod: CheckedPod): Violation | undefined {
  const bad = pod.containers.filter(({ ports }) => ports?.some(({ hostPort }) => hostPort))
  if (bad.length === 0) return undefined
  const ports = sortedValues(
    bad.flatMap(({ ports }) =>
      (ports ?? []).filter(port => port.hostPort).map(port => String(port.hostPort)),
    ),
  )
  const names = namesOf(bad)
  const what = `${pluralOf('hostPort', ports)} ${ports.join(', ')}`
  return { reason: 'hostPort', detail: `${named('container', names)} ${uses(names)} ${what}` }
}

const hostsOf = (handler: LifecycleHandler | Probe | undefined): string[] =>
  [handler?.httpGet?.host, handler?.tcpSocket?.host].filter(
    host => host !== undefined && host !== '',
  ) as string[]

function probeHosts(pod: CheckedPod): Violation | undefined {
  const found = pod.containers.map(container => ({
    name: container.name,
    hosts: [
      container.livenessProbe,
      container.readinessProbe,
      container.startupProbe,
      container.lifecycle?.postStart,
      container.lifecycle?.preStop,
    ].flatMap(hostsOf),
  }))
  const bad = sortedValues(found.filter(({ hosts }) => hosts.length > 0).map(({ name }) => name))
  if (bad.length === 0) return undefined
  const reason = 'probe or lifecycle host'
  const hosts = sortedValues(found.flatMap(container => container.hosts))
  return { reason, detail: `${named('container', bad)} ${uses(bad)} ${named(reason, hosts)}` }
}

function privileged(pod: CheckedPod): Violation | undefined {
  const bad = namesOf(pod.containers.filter(({ securityContext }) => securityContext?.privileged))
  const detail = `${named('container', bad)} must not set securityContext.privileged=true`
  return bad.length > 0 ? { reason: 'privileged', detail } : undefined
}

export function procMount(pod: CheckedPod): Violation | undefined {
  const mountOf = (container: (typeof pod.containers)[number]) =>
    container.securityContext?.procMount ?? 'Default'
  const bad = pod.containers.filter(container => mountOf(container) !== 'Default')
  if (bad.length === 0) return undefined
  const values = quoted(sortedValues(bad.map(mountOf)))
  const detail = `${named('container', namesOf(bad))} must not set securityContext.procMount to ${values}`
  return { reason: 'procMount', detail }
}

const seLinuxOptions =
  (minor: number) =>
  (pod: CheckedPod): Violation | undefined => {
    const setters = badSetters(pod, context => {
      const { type = '', user, role } = context?.seLinuxOptions ?? {}
      return !isKnown(seLinuxTypes, type, minor) || Boolean(user) || Boolean(role)
    })
    if (!setters) return undefined
    const options = everySetting(pod, context => context?.seLinuxOptions)
    const types = sortedValues(
      options.map(({ type = '' }) => type).filter(type => !isKnown(seLinuxTypes, type, minor)),
    )
    const details = [
      ...(types.length > 0 ? [named('type', types)] : []),
      ...(options.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(options.some(({ role }) => role) ? ['role may not be set'] : []),
    ]
    const detail = `${setters} set forbidden securityContext.seLinuxOptions: ${details.join('; ')}`
    return { reason: 'seLinuxOptions', detail }
  }

const allowedSeccomp = new Set(['RuntimeDefault', 'Localhost'])

/** Shared with restricted: what is set must be one of the two. */
export function seccompSetTo(pod: CheckedPod): Violation | undefined {
  const isBad = (type: string | undefined) => type !== undefined && !allowedSeccomp.has(type)
  const setters = badSetters(pod, context => isBad(context?.seccompProfile?.type))
  if (!setters) return undefined
  const values = sortedValues(everySetting(pod, context => context?.seccompProfile?.type).filter(isBad))
  return {
    reason: 'seccompProfile',
    detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(values)}`,
  }
}

const sysctls =
  (minor: number) =>
  ({ spec }: CheckedPod): Violation | undefined => {
    const bad = (spec.securityContext?.sysctls ?? [])
      .map(({ name }) => name)
      .filter(name => !isKnown(safeSysctls, name, minor))
    return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined
  }

function windowsHostProcess(pod: CheckedPod): Violation | undefined {
  const setters = badSetters(pod, context => context?.windowsOptions?.hostProcess === true)
  const detail = `${setters} must not set securityContext.windowsOptions.hostProcess=true`
  return setters ? { reason: 'hostProcess', detail } : undefined
}

/** What both levels share, for the standard of `1.<minor>`. */
export const sharedChecks = (minor: number): readonly PodSecurityCheck[] => [
  { check: appArmorProfile },
  { check: hostNamespaces },
  { check: hostPorts },
  { since: 34, check: probeHosts },
  { check: privileged },
  { until: userNamespacesSince, check: procMount },
  { check: seLinuxOptions(minor) },
  { check: sysctls(minor) },
  { check: windowsHostProcess },
]

/** What restricted replaces by something stricter. */
export const baselineOnlyChecks: readonly PodSecurityCheck[] = [
  { since: userNamespacesSince, check: pod => (hasUserNamespace(pod) ? undefined : procMount(pod)) },
  { check: capabilities },
  { check: hostPathVolumes },
  { since: 19, check: seccompSetTo },
]
