// Node: a machine Pods run on. Its Pod ranges are one per family, primary first (KEP-563), given once;
// `podCIDR` is the first of `podCIDRs` for old clients. A node may bring its status along when it
// registers.
import { parseLenientCIDR } from '../../../ip/cidr.ts'
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../fields.ts'
import type { Node, NodeSpec, Taint } from '../../generated/types.ts'
import { cidrWarnings, validateLegacyCIDR } from '../../meta/addresses.ts'
import { ageColumn } from '../../meta/age.ts'
import { labelValue, qualifiedName } from '../../meta/names.ts'
import { sameValue } from '../../meta/objectmeta.ts'
import { type Column, column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { roundToMilli, validateResourceQuantity } from '../resourcelist.ts'

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const rolePrefix = 'node-role.kubernetes.io/'

function defaultNode(node: Node): void {
  node.spec ??= {}
  node.status ??= {}
  syncPodCIDRs(node.spec)
  node.status.daemonEndpoints ??= { kubeletEndpoint: { Port: 0 } }
  node.status.nodeInfo = { ...noInfo, ...node.status.nodeInfo }
  if (node.spec.unschedulable === false) delete node.spec.unschedulable
  const { status } = node
  if (status.capacity) {
    roundToMilli(status.capacity)
    status.allocatable ??= { ...status.capacity }
  }
  roundToMilli(status.allocatable)
}

/** What the API answers for a node that has not told about itself yet. */
const noInfo = {
  architecture: '',
  bootID: '',
  containerRuntimeVersion: '',
  kernelVersion: '',
  kubeProxyVersion: '',
  kubeletVersion: '',
  machineID: '',
  operatingSystem: '',
  osImage: '',
  systemUUID: '',
}

/** The singular field wins where both are given and differ: an old client wrote it. */
function syncPodCIDRs(spec: NodeSpec): void {
  if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR]
  const [first] = spec.podCIDRs ?? []
  if (first !== undefined) spec.podCIDR = first
  else delete spec.podCIDR
}

function validatePodCIDRs(cidrs: readonly string[]): FieldError[] {
  const field = 'spec.podCIDRs'
  const errors: FieldError[] = []
  cidrs.forEach((cidr, index) => {
    errors.push(...validateLegacyCIDR(cidr, `${field}[${index}]`))
  })
  if (cidrs.length < 2) return errors
  const families = new Set(cidrs.map(cidr => parseLenientCIDR(cidr)?.address.family))
  if (cidrs.length > 2 || families.size < 2) {
    errors.push(invalidValue(field, cidrs, 'may specify no more than one CIDR for each IP family'))
  }
  cidrs.forEach((cidr, index) => {
    if (cidrs.indexOf(cidr) < index) errors.push(duplicate(`${field}[${index}]`, cidr))
  })
  return errors
}

function validateTaints(taints: readonly Taint[]): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  taints.forEach((taint, index) => {
    const field = `metadata.taints[${index}]`
    for (const problem of qualifiedName(taint.key ?? '')) {
      errors.push(invalidValue(`${field}.key`, taint.key ?? '', problem))
    }
    const problems = labelValue(taint.value ?? '')
    if (problems.length > 0) errors.push(invalidValue(`${field}.value`, taint.value, problems.join(';')))
    if (!taint.effect) errors.push(required(`${field}.effect`))
    else if (!effects.includes(taint.effect)) {
      errors.push(notSupported(`${field}.effect`, taint.effect, effects))
    }
    const pair = `${taint.effect} ${taint.key}`
    if (seen.has(pair)) {
      const repeated = duplicate(field, taint)
      const message = `${repeated.message}: taints must be unique by key and effect pair`
      errors.push({ ...repeated, message })
    }
    seen.add(pair)
  })
  return errors
}

function validateResources({ status }: Node): FieldError[] {
  const errors: FieldError[] = []
  for (const list of ['capacity', 'allocatable'] as const) {
    const resources = status?.[list]
    for (const name in resources) {
      errors.push(...validateResourceQuantity(name, resources[name]!, `status.${list}.${name}`))
    }
  }
  return errors
}

function validateNode(node: Node): FieldError[] {
  return [
    ...validateTaints(node.spec?.taints ?? []),
    ...validateResources(node),
    ...validatePodCIDRs(node.spec?.podCIDRs ?? []),
  ]
}

const cidrsKept = 'node updates may not change podCIDR except from "" to valid'
const providerKept = 'node updates may not change providerID except from "" to valid'
const restKept = 'node updates may only change labels, taints, or capacity'

function validateNodeUpdate(node: Node, previous: Node): FieldError[] {
  const errors = validateAddresses(node)
  const { spec = {} } = node
  const { spec: before = {} } = previous
  if (before.podCIDRs?.length && !sameValue(spec.podCIDRs, before.podCIDRs)) {
    errors.push(forbiddenField('spec.podCIDRs', cidrsKept))
  }
  if (before.providerID && spec.providerID !== before.providerID) {
    errors.push(forbiddenField('spec.providerID', providerKept))
  }
  if (
    (spec.externalID ?? '') !== (before.externalID ?? '') ||
    (!sameValue(spec.configSource, before.configSource) && spec.configSource !== undefined)
  ) {
    errors.push(forbiddenField('[]', restKept))
  }
  return errors
}

function validateAddresses({ status }: Node): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  status?.addresses?.forEach((address, index) => {
    const key = `${address.type} ${address.address}`
    if (seen.has(key)) errors.push(duplicate(`status.addresses[${index}]`, address))
    seen.add(key)
  })
  return errors
}

function formatStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find(condition => condition.type === 'Ready')?.status
  const text = ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady'
  return spec?.unschedulable ? `${text},SchedulingDisabled` : text
}

function formatRoles({ metadata }: Node): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key !== rolePrefix) roles.add(key.slice(rolePrefix.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',')
}

const addressOf = (type: string) => (node: Node) =>
  node.status?.addresses?.find(address => address.type === type)?.address ?? '<none>'
const info = (name: 'osImage' | 'kernelVersion' | 'containerRuntimeVersion') => (node: Node) =>
  node.status?.nodeInfo?.[name] || '<unknown>'

const columns: Column<Node>[] = [
  nameColumn,
  column('Status', formatStatus, { description: 'The status of the node' }),
  column('Roles', formatRoles, { description: 'The roles of the node' }),
  ageColumn,
  column('Version', node => node.status?.nodeInfo?.kubeletVersion ?? ''),
  column('Internal-IP', addressOf('InternalIP'), { wide: true }),
  column('External-IP', addressOf('ExternalIP'), { wide: true }),
  column('OS-Image', info('osImage'), { wide: true }),
  column('Kernel-Version', info('kernelVersion'), { wide: true }),
  column('Container-Runtime', info('containerRuntimeVersion'), { wide: true }),
]

export const nodes = defineResource<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  resource: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  hasStatus: true,
  keepsStatusOnCreate: true,
  subresources: [{ name: 'proxy', kind: 'NodeProxyOptions', verbs: ['get', 'create', 'update', 'patch'] }],
  columns,
  selectableFields: { 'spec.unschedulable': node => String(node.spec?.unschedulable === true) },
  default: defaultNode,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: (node, previous) => [
    ...validateResources(node),
    ...validateNodeUpdate(node, previous),
  ],
  warnings(node) {
    const warnings: string[] = []
    if (node.spec?.configSource) warnings.push('spec.configSource: the feature is no longer supported')
    if (node.spec?.externalID) {
      warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes')
    }
    node.spec?.podCIDRs?.forEach((cidr, index) => {
      warnings.push(...cidrWarnings(cidr, `spec.podCIDRs[${index}]`))
    })
    return warnings
  },
})
