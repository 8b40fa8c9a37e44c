// Sentences for clients about Pods that are valid but hardly what their maker wants. Follows upstream's
// pkg/api/pod/warnings.go.
import type {
  ContainerPort,
  NodeSelectorTerm,
  ObjectMeta,
  Pod,
  PodSpec,
  PodTemplateSpec,
} from '../../../generated/types.ts'
import { addressWarnings } from '../../../meta/addresses.ts'
import { dns1123Label } from '../../../meta/names.ts'
import { parseQuantity } from '../../../meta/quantity.ts'
import { visitContainers } from './validation/visit.ts'

const quote = (text: string) => JSON.stringify(text)

const oldLabels: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
    'failure-domain.beta.kubernetes.io/region':
      'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    'failure-domain.beta.kubernetes.io/zone':
      'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    'beta.kubernetes.io/instance-type':
      'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  }),
)

const oldAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
}

const oldVolumes = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
} as const

export function podWarnings(pod: Pod): string[] {
  const problems = dns1123Label(pod.metadata.name ?? '')
  const why = "this is used in the Pod's hostname, which can result in surprising behavior"
  const warnings =
    problems.length > 0 ? [`metadata.name: ${why}; a DNS label is recommended: [${problems.join(' ')}]`] : []
  return [...warnings, ...specWarnings(pod.spec ?? { containers: [] }, pod.metadata, '')]
}

/** `field` is where the template stands: `spec.template`. */
export function podTemplateWarnings(template: PodTemplateSpec | undefined, field: string): string[] {
  if (!template?.spec) return []
  return specWarnings(template.spec, template.metadata ?? {}, `${field}.`)
}

function specWarnings(spec: PodSpec, meta: ObjectMeta, prefix: string): string[] {
  const field = `${prefix}spec`
  const grace = spec.terminationGracePeriodSeconds ?? 0
  const graceText = 'must be >= 0; negative values are invalid and will be treated as 1'
  return [
    ...selectorWarnings(spec, field),
    ...annotationWarnings(spec, meta, prefix),
    ...volumeWarnings(spec, field),
    ...listWarnings(spec, field),
    ...containerWarnings(spec, field),
    ...portWarnings(spec, field),
    ...(grace < 0 ? [`${field}.terminationGracePeriodSeconds: ${graceText}`] : []),
    ...podAffinityWarnings(spec, field),
  ]
}

function selectorWarnings(spec: PodSpec, field: string): string[] {
  const warnings: string[] = []
  for (const key in spec.nodeSelector) {
    if (oldLabels.get(key)) warnings.push(`${field}.nodeSelector[${key}]: ${oldLabels.get(key)}`)
  }
  const lookAt = (term: NodeSelectorTerm | undefined, at: string) => {
    term?.matchExpressions?.forEach(({ key }, index) => {
      if (oldLabels.get(key))
        warnings.push(`${at}.matchExpressions[${index}].key: ${key} is ${oldLabels.get(key)}`)
    })
  }
  const { requiredDuringSchedulingIgnoredDuringExecution: needed } = spec.affinity?.nodeAffinity ?? {}
  const { preferredDuringSchedulingIgnoredDuringExecution: wished } = spec.affinity?.nodeAffinity ?? {}
  const at = `${field}.affinity.nodeAffinity`
  needed?.nodeSelectorTerms?.forEach((term, index) => {
    lookAt(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`)
  })
  wished?.forEach(({ preference }, index) => {
    lookAt(preference, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`)
  })
  spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, index) => {
    const where = `${field}.topologySpreadConstraints[${index}]`
    const old = oldLabels.get(topologyKey)
    if (old) warnings.push(`${where}.topologyKey: ${topologyKey} is ${old}`)
    if (!labelSelector) {
      warnings.push(`${where}.labelSelector: a null labelSelector results in matching no pod`)
    }
  })
  return warnings
}

const seccompText = 'non-functional in v1.27+; use the "seccompProfile" field instead'

function annotationWarnings(spec: PodSpec, { annotations }: ObjectMeta, prefix: string): string[] {
  const warnings: string[] = []
  const warn = (key: string, text: string) => {
    if (annotations && key in annotations) warnings.push(`${prefix}metadata.annotations[${key}]: ${text}`)
  }
  for (const key in oldAnnotations) warn(key, oldAnnotations[key]!)
  if (!spec.securityContext?.seccompProfile) warn('seccomp.security.alpha.kubernetes.io/pod', seccompText)
  visitContainers(spec, '', ({ name, securityContext }) => {
    if (!securityContext?.seccompProfile) {
      warn(`container.seccomp.security.alpha.kubernetes.io/${name}`, seccompText)
    }
    if (!securityContext?.appArmorProfile && !spec.securityContext?.appArmorProfile) {
      const text = 'deprecated since v1.30; use the "appArmorProfile" field instead'
      warn(`container.apparmor.security.beta.kubernetes.io/${name}`, text)
    }
  })
  return warnings
}

function volumeWarnings({ volumes = [] }: PodSpec, field: string): string[] {
  const warnings: string[] = []
  const tokens = new Set<string>()
  volumes.forEach((volume, index) => {
    for (const source of Object.keys(oldVolumes) as (keyof typeof oldVolumes)[]) {
      if (volume[source]) warnings.push(`${field}.volumes[${index}].${source}: ${oldVolumes[source]}`)
    }
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (serviceAccountToken) tokens.add(serviceAccountToken.path)
    }
  })
  if (tokens.size === 0) return warnings
  volumes.forEach(({ projected }, index) => {
    const at = `${field}.volumes[${index}].projected.sources`
    const lookAt = (items: readonly { path: string }[] | undefined, name: string) => {
      items?.forEach(({ path }, position) => {
        if (!tokens.has(path)) return
        const text = `has duplicated path with ServiceAccountToken ${quote(path)}`
        warnings.push(`${at}.${name}[${position}]: ${text}`)
      })
    }
    for (const { configMap, secret, downwardAPI } of projected?.sources ?? []) {
      lookAt(configMap?.items, 'configMap')
      lookAt(secret?.items, 'secrets')
      lookAt(downwardAPI?.items, 'downwardAPI')
    }
  })
  return warnings
}

function listWarnings(spec: PodSpec, field: string): string[] {
  const warnings: string[] = []
  const again = (values: readonly string[], text: (index: number, value: string) => string) => {
    const seen = new Set<string>()
    values.forEach((value, index) => {
      if (seen.has(value)) warnings.push(text(index, value))
      seen.add(value)
    })
  }
  const addresses = (spec.hostAliases ?? []).map(({ ip }) => ip)
  again(addresses, (index, ip) => `${field}.hostAliases[${index}].ip: duplicate ip ${quote(ip)}`)
  const names = (spec.imagePullSecrets ?? []).map(({ name }) => name ?? '')
  again(names, (index, name) => `${field}.imagePullSecrets[${index}].name: duplicate name ${quote(name)}`)
  names.forEach((name, index) => {
    if (name === '') warnings.push(`${field}.imagePullSecrets[${index}].name: invalid empty name ""`)
  })
  addresses.forEach((ip, index) => {
    warnings.push(...addressWarnings(ip, `${field}.hostAliases[${index}].ip`))
  })
  spec.dnsConfig?.nameservers?.forEach((server, index) => {
    warnings.push(...addressWarnings(server, `${field}.dnsConfig.nameservers[${index}]`))
  })
  fractions(spec.overhead, `${field}.overhead`, warnings)
  return warnings
}

function fractions(list: Record<string, string> | undefined, field: string, warnings: string[]): void {
  for (const name of ['memory', 'ephemeral-storage']) {
    const text = list?.[name]
    if (text === undefined || /^[0-9]+(?:[kMG]|[KMG]i)?$/.test(text)) continue
    const { value, scale } = parseQuantity(text)
    if (scale >= 0 || value % 10n ** BigInt(-scale) === 0n) continue
    const what = `fractional byte value ${quote(text)} is invalid, must be an integer`
    warnings.push(`${field}[${name}]: ${what}`)
  }
}

function containerWarnings(spec: PodSpec, field: string): string[] {
  const warnings: string[] = []
  visitContainers(spec, field, ({ resources, env }, at) => {
    fractions(resources?.limits, `${at}.resources.limits`, warnings)
    fractions(resources?.requests, `${at}.resources.requests`, warnings)
    const seen = new Set<string>()
    env?.forEach(({ name, value = '', valueFrom }, index) => {
      const reference = `$(${name})`
      if (seen.has(name) && (valueFrom || value === reference || !value.includes(reference))) {
        const what = `hides previous definition of ${quote(name)}, which may be dropped when using apply`
        warnings.push(`${at}.env[${index}]: ${what}`)
      }
      seen.add(name)
    })
  })
  return warnings
}

const mostComparisons = 100_000

function portWarnings(spec: PodSpec, field: string): string[] {
  const warnings: string[] = []
  const known: { readonly port: ContainerPort; readonly at: string }[] = []
  // Each port is compared with all before it.
  let left = mostComparisons
  visitContainers(spec, field, ({ ports }, container) => {
    ports?.forEach((port, index) => {
      const at = `${container}.ports[${index}]`
      const { name = '', hostIP = '', hostPort = 0, containerPort, protocol = '' } = port
      if (hostIP !== '' && hostPort === 0) {
        const what = `Name:${name} HostPort:0 ContainerPort:${containerPort}`
        const shown = `${what} Protocol:${protocol} HostIP:${hostIP}`
        warnings.push(`${at}: hostIP set without hostPort: {${shown}}`)
      }
      for (const other of known) {
        if (left-- <= 0) return
        if (other.port.containerPort !== containerPort || other.port.protocol !== port.protocol) continue
        const what = clash(port, other.port)
        if (what !== '') warnings.push(`${at}: ${what} port definition with ${other.at}`)
      }
      known.push({ port, at })
    })
  })
  return warnings
}

function clash(a: ContainerPort, b: ContainerPort): string {
  const [ipA, ipB] = [a.hostIP ?? '', b.hostIP ?? '']
  const [portA, portB] = [a.hostPort ?? 0, b.hostPort ?? 0]
  if (ipA === ipB && portA === portB) return 'duplicate'
  if (portA === 0 || portB === 0) return 'overlapping'
  return portA === portB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : ''
}

function podAffinityWarnings({ affinity }: PodSpec, field: string): string[] {
  const warnings: string[] = []
  const text = 'labelSelector: a null labelSelector results in matching no pod'
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const at = `${field}.affinity.${kind}`
    affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) => {
      if (term.labelSelector) return
      warnings.push(`${at}.requiredDuringSchedulingIgnoredDuringExecution[${index}].${text}`)
    })
    affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) => {
      if (term.podAffinityTerm?.labelSelector) return
      warnings.push(`${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm.${text}`)
    })
  }
  return warnings
}
