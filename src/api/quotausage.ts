// What an object uses of a ResourceQuota, and which objects a quota is about: shared by admission, which
// refuses what is too much, and the controller, which counts (upstream's pkg/quota/v1/evaluator/core).
import type {
  Container,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
  Service,
} from './generated/types.ts'
import { labelMatcher } from './meta/labels.ts'
import { parseTime } from './meta/timestamps.ts'
import type { KubeObject } from './object.ts'
import type { Resource } from './resource.ts'
import { type Amounts, addAmount, compareAmounts, podAmounts } from './resources/core/pod/amounts.ts'
import { podQOS } from './resources/core/pod/qos.ts'
import { isHugePage } from './resources/resourcelist.ts'

type Counted = Pick<Resource, 'group' | 'resource'>

/** Kinds whose number has a name of its own, besides `count/<resource>`. */
const named = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])

const countName = ({ group, resource }: Counted) => `count/${resource}${group === '' ? '' : `.${group}`}`

const nativePrefixes = ['cpu', 'memory', 'ephemeral-storage']
const isExtended = (name: string) => name.includes('/')

function computeUsage({ requests, limits }: ReturnType<typeof podAmounts>): Record<string, string> {
  const usage: Record<string, string> = {}
  for (const [name, amount] of Object.entries(requests)) {
    if (nativePrefixes.includes(name) || isHugePage(name)) usage[name] = amount
    if (nativePrefixes.includes(name) || isHugePage(name) || isExtended(name))
      usage[`requests.${name}`] = amount
  }
  for (const [name, amount] of Object.entries(limits)) {
    if (nativePrefixes.includes(name)) usage[`limits.${name}`] = amount
  }
  return usage
}

/** A Pod that has ended, or should have gone by now, uses nothing but its place in the store. */
function isAlive({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true
  return nowMs <= (parseTime(deletionTimestamp) ?? 0) + deletionGracePeriodSeconds * 1000
}

function serviceUsage({ spec }: Service): Amounts {
  const hasNodePorts = spec?.type === 'NodePort' || spec?.type === 'LoadBalancer'
  return {
    'services.nodeports': String(hasNodePorts ? (spec.ports?.length ?? 0) : 0),
    'services.loadbalancers': spec?.type === 'LoadBalancer' ? '1' : '0',
  }
}

function claimUsage({ spec, metadata }: PersistentVolumeClaim): Amounts {
  const storage = spec?.resources?.requests?.storage
  const storageClass =
    spec?.storageClassName ?? metadata.annotations?.['volume.beta.kubernetes.io/storage-class']
  const ofClass = storageClass ? `${storageClass}.storageclass.storage.k8s.io` : undefined
  return {
    ...(storage ? { 'requests.storage': storage } : {}),
    ...(ofClass ? { [`${ofClass}/persistentvolumeclaims`]: '1' } : {}),
    ...(ofClass && storage ? { [`${ofClass}/requests.storage`]: storage } : {}),
  }
}

/** By the names that quotas use: `pods`, `requests.cpu`, `count/deployments.apps`. */
export function quotaUsage(resource: Counted, object: KubeObject, nowMs: number): Amounts {
  const own = resource.group === '' ? resource.resource : ''
  const counts = { [countName(resource)]: '1', ...(named.has(own) ? { [own]: '1' } : {}) }
  if (own === 'services') return { ...counts, ...serviceUsage(object as Service) }
  if (own === 'persistentvolumeclaims') return { ...counts, ...claimUsage(object as PersistentVolumeClaim) }
  if (own !== 'pods' || !isAlive(object as Pod, nowMs)) return counts
  return { ...counts, pods: '1', ...computeUsage(podAmounts((object as Pod).spec)) }
}

const podNames = new Set(['pods', 'cpu', 'memory', 'ephemeral-storage'])

/** Which names of a quota objects of this resource can use. */
export function isUsedBy(name: string, resource: Counted): boolean {
  if (name === countName(resource)) return true
  if (resource.group !== '') return false
  const isStorage = name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/')
  switch (resource.resource) {
    case 'pods':
      return podNames.has(name) || isHugePage(name) || (/^(requests|limits)\./.test(name) && !isStorage)
    case 'services':
      return name === 'services' || name.startsWith('services.')
    case 'persistentvolumeclaims':
      return name === 'persistentvolumeclaims' || isStorage
    default:
      return named.has(resource.resource) && name === resource.resource
  }
}

type Scope = Pick<ScopedResourceSelectorRequirement, 'scopeName'> & Partial<ScopedResourceSelectorRequirement>

function isInScope({ scopeName, operator = 'Exists', values = [] }: Scope, { spec }: Pod): boolean {
  const hasDeadline = spec?.activeDeadlineSeconds !== undefined
  switch (scopeName) {
    case 'Terminating':
      return hasDeadline
    case 'NotTerminating':
      return !hasDeadline
    case 'BestEffort':
      return podQOS(spec) === 'BestEffort'
    case 'NotBestEffort':
      return podQOS(spec) !== 'BestEffort'
    case 'PriorityClass': {
      const matches = labelMatcher({ matchExpressions: [{ key: 'class', operator, values: [...values] }] })
      return matches(spec?.priorityClassName ? { class: spec.priorityClassName } : {})
    }
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(spec)
    default:
      return false
  }
}

function reachesOtherNamespaces(spec: Pod['spec']): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {}
  return [podAffinity, podAntiAffinity]
    .flatMap(affinity => [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(term => term.podAffinityTerm),
    ])
    .some(term => term.namespaces?.length || term.namespaceSelector)
}

/** Whether a quota counts this object: its names, and for Pods its scopes. */
export function quotaCounts({ spec }: ResourceQuota, resource: Counted, object: KubeObject): boolean {
  if (!Object.keys(spec?.hard ?? {}).some(name => isUsedBy(name, resource))) return false
  const scopes: Scope[] = [
    ...(spec?.scopes ?? []).map(scopeName => ({ scopeName })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ]
  if (scopes.length === 0) return true
  return resource.resource === 'pods' && scopes.every(scope => isInScope(scope, object as Pod))
}

const mustBeSet = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']

/** What every container has to say when a quota bounds it: `limits.cpu for: a,b`. */
export function missingForQuota({ hard = {} }: ResourceQuotaSpec, { spec }: Pod): string[] {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const says = (container: Container, name: string) =>
    computeUsage({
      requests: container.resources?.requests ?? {},
      limits: container.resources?.limits ?? {},
    })[name] !== undefined
  return mustBeSet
    .filter(name => name in hard)
    .flatMap(name => {
      const silent = containers.filter(container => !says(container, name)).map(container => container.name)
      return silent.length > 0 ? [`${name} for: ${silent.join(',')}`] : []
    })
}

/** What is used more after a change than before, of the names that the quota bounds. */
export function addedUsage(hard: Amounts, after: Amounts, before: Amounts): Record<string, string> {
  const added: Record<string, string> = {}
  for (const name of Object.keys(hard).filter(name => name in after)) {
    const known = before[name]
    if (known === undefined) added[name] = after[name]!
    else if (compareAmounts(after[name]!, known) > 0) added[name] = addAmount(after[name]!, negative(known))
  }
  return Object.fromEntries(Object.entries(added).filter(([, amount]) => compareAmounts(amount, '0') > 0))
}

const negative = (amount: string) => (amount.startsWith('-') ? amount.slice(1) : `-${amount}`)
