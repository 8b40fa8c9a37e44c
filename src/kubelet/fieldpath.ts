// The downward API: what a Pod may learn about itself, by field path or as one of its resources (upstream
// pkg/fieldpath and pkg/api/v1/resource). Lists of addresses are joined with commas in the order of the
// families.
import type { Pod, ResourceFieldSelector } from '../api/generated/types.ts'
import { parseQuantity, quantityMilliValue, quantityValue } from '../api/meta/quantity.ts'

export interface DownwardContext {
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
  /** The node's, where a container has no limit of its own. */
  readonly allocatable: Readonly<Record<string, string>>
}

/** Go's %q is JSON's quoting for all that labels and annotations usually hold. */
const formatMap = (map: Readonly<Record<string, string>> = {}) =>
  Object.keys(map)
    .sort()
    .map(key => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')

const subscripted = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/

/** Undefined for a field that does not exist. */
export function fieldValue(pod: Pod, fieldPath: string, context: DownwardContext): string | undefined {
  const [, map, key] = subscripted.exec(fieldPath) ?? []
  if (map && key !== undefined) {
    const values = map === 'metadata.labels' ? pod.metadata.labels : pod.metadata.annotations
    return values?.[key] ?? ''
  }
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace
    case 'metadata.uid':
      return pod.metadata.uid
    case 'metadata.labels':
      return formatMap(pod.metadata.labels)
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations)
    case 'spec.nodeName':
      return pod.spec?.nodeName
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? ''
    case 'spec.host':
      return pod.spec?.nodeName
    case 'status.podIP':
      return context.podIPs[0] ?? ''
    case 'status.podIPs':
      return context.podIPs.join(',')
    case 'status.hostIP':
      return context.hostIPs[0] ?? ''
    case 'status.hostIPs':
      return context.hostIPs.join(',')
    default:
      return undefined
  }
}

function amountOf(pod: Pod, selector: ResourceFieldSelector, context: DownwardContext, own?: string): string {
  const name = selector.containerName || own
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const resources = containers.find(container => container.name === name)?.resources
  const dot = selector.resource.indexOf('.')
  const resource = selector.resource.slice(dot + 1)
  if (selector.resource.startsWith('limits.')) {
    return resources?.limits?.[resource] ?? context.allocatable[resource] ?? '0'
  }
  return resources?.requests?.[resource] ?? resources?.limits?.[resource] ?? '0'
}

export interface ResourceField {
  readonly selector: ResourceFieldSelector
  /** The container that asks, when the selector names none. */
  readonly container?: string
}

/** In units of the divisor, rounded up. */
export function resourceValue(pod: Pod, { selector, container }: ResourceField, context: DownwardContext) {
  const amount = amountOf(pod, selector, context, container)
  const isCPU = selector.resource.endsWith('.cpu')
  const divisor = selector.divisor && parseQuantity(selector.divisor).value !== 0n ? selector.divisor : '1'
  const value = isCPU ? quantityMilliValue : quantityValue
  return String(Math.ceil(value(amount) / value(divisor)))
}
