// LimitRanger: containers get the requests and limits that the namespace's LimitRanges give by default, and
// Pods and claims are held to their bounds. Follows upstream's plugin/pkg/admission/limitranger.
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from '../../api/generated/types.ts'
import { quantityMilliValue } from '../../api/meta/quantity.ts'
import { type Amounts, podAmounts, type Resources } from '../../api/resources/core/pod/amounts.ts'
import {
  type AdmissionAttributes,
  type AdmissionPluginFactory,
  type AdmissionServices,
  refusal,
} from './admission.ts'

const annotation = 'kubernetes.io/limit-ranger'

export const limitRangerPlugin: AdmissionPluginFactory = services => ({
  name: 'LimitRanger',
  admit(attributes) {
    if (!isPodCreation(attributes)) return undefined
    return admitPod(services, attributes)
  },
  validate(attributes) {
    const { resource, subresource, operation, oldObject } = attributes
    const isClaim =
      resource.group === '' && resource.resource === 'persistentvolumeclaims' && subresource === ''
    const isWrite = operation === 'CREATE' || operation === 'UPDATE'
    if (isClaim && isWrite && !oldObject?.metadata.deletionTimestamp)
      return check(services, attributes, claimFaults)
    return isPodCreation(attributes) ? check(services, attributes, podFaults) : undefined
  },
})

const isPodCreation = ({ resource, subresource, operation }: AdmissionAttributes) =>
  operation === 'CREATE' && subresource === '' && resource.group === '' && resource.resource === 'pods'

async function rangesIn({ lookup }: AdmissionServices, { context, namespace }: AdmissionAttributes) {
  const list = await lookup('', 'v1', 'limitranges')?.list(context, { namespace })
  return (list?.items ?? []).map(({ object }) => object as LimitRange)
}

const itemsOf = (ranges: readonly LimitRange[], type: string) =>
  ranges.flatMap(({ spec }) => spec?.limits ?? []).filter(item => item.type === type)

async function admitPod(services: AdmissionServices, attributes: AdmissionAttributes): Promise<void> {
  const pod = attributes.object as Pod
  for (const range of await rangesIn(services, attributes)) {
    const items = itemsOf([range], 'Container')
    const defaults = {
      requests: Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest)) as Amounts,
      limits: Object.assign({}, ...items.map(item => item.default)) as Amounts,
    }
    const told = [
      ...(pod.spec?.containers ?? []).flatMap(container => complete(container, defaults, 'container')),
      ...(pod.spec?.initContainers ?? []).flatMap(container =>
        complete(container, defaults, 'init container'),
      ),
    ]
    if (told.length === 0) continue
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      [annotation]: `LimitRanger plugin set: ${told.join('; ')}`,
    }
  }
}

/** Sets what the container leaves open; returns sentences about it. */
function complete(container: Container, defaults: Resources, kind: string): string[] {
  const told: string[] = []
  for (const [field, word] of [
    ['requests', 'request'],
    ['limits', 'limit'],
  ] as const) {
    const known = container.resources?.[field] ?? {}
    const open = Object.keys(defaults[field]).filter(name => !(name in known))
    if (open.length === 0) continue
    const added = Object.fromEntries(open.map(name => [name, defaults[field][name]!]))
    container.resources = { ...container.resources, [field]: { ...known, ...added } }
    told.push(`${open.sort().join(', ')} ${word} for ${kind} ${container.name}`)
  }
  return told
}

type Faults = (ranges: readonly LimitRange[], attributes: AdmissionAttributes) => string[]

async function check(
  services: AdmissionServices,
  attributes: AdmissionAttributes,
  faults: Faults,
): Promise<void> {
  const found = [...new Set(faults(await rangesIn(services, attributes), attributes))]
  if (found.length > 0) throw refusal(attributes, found.length === 1 ? found[0]! : `[${found.join(', ')}]`)
}

const podFaults: Faults = (ranges, { object }) => {
  const { spec } = object as Pod
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const ofContainers = itemsOf(ranges, 'Container').flatMap(item =>
    containers.flatMap(({ resources }) =>
      faultsOf(item, { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} }),
    ),
  )
  const total = podAmounts(spec, { isBounded: true })
  return [...ofContainers, ...itemsOf(ranges, 'Pod').flatMap(item => faultsOf(item, total))]
}

const claimFaults: Faults = (ranges, { object }) => {
  const requests = (object as PersistentVolumeClaim).spec?.resources?.requests ?? {}
  return itemsOf(ranges, 'PersistentVolumeClaim').flatMap(({ min = {}, max = {}, type }) => [
    ...Object.entries(min).flatMap(bound => belowMinimum(bound, { requests, limits: {} }, type)),
    ...Object.entries(max).flatMap(([name, most]) =>
      aboveMaximum([name, most], { what: 'request', value: requests[name], isRequired: true }, type),
    ),
  ])
}

function faultsOf(item: LimitRangeItem, { requests, limits }: Resources): string[] {
  const { min = {}, max = {}, maxLimitRequestRatio = {}, type } = item
  return [
    ...Object.entries(min).flatMap(bound => belowMinimum(bound, { requests, limits }, type)),
    ...Object.entries(max).flatMap(bound => {
      const limit = aboveMaximum(bound, { what: 'limit', value: limits[bound[0]], isRequired: true }, type)
      if (limit.length > 0) return limit
      return aboveMaximum(bound, { what: 'request', value: requests[bound[0]], isRequired: false }, type)
    }),
    ...Object.entries(maxLimitRequestRatio).flatMap(bound => aboveRatio(bound, { requests, limits }, type)),
  ]
}

type Bound = readonly [name: string, amount: string]
const exceeds = (a: string, b: string) => quantityMilliValue(a) > quantityMilliValue(b)

function belowMinimum([name, least]: Bound, { requests, limits }: Resources, type: string): string[] {
  const bound = `minimum ${name} usage per ${type} is ${least}`
  const [request, limit] = [requests[name], limits[name]]
  if (request === undefined) return [`${bound}.  No request is specified`]
  if (exceeds(least, request)) return [`${bound}, but request is ${request}`]
  return limit !== undefined && exceeds(least, limit) ? [`${bound}, but limit is ${limit}`] : []
}

interface Observed {
  readonly what: 'request' | 'limit'
  readonly value: string | undefined
  readonly isRequired: boolean
}

function aboveMaximum([name, most]: Bound, { what, value, isRequired }: Observed, type: string): string[] {
  const bound = `maximum ${name} usage per ${type} is ${most}`
  if (value === undefined) return isRequired ? [`${bound}.  No ${what} is specified`] : []
  return exceeds(value, most) ? [`${bound}, but ${what} is ${value}`] : []
}

function aboveRatio([name, most]: Bound, { requests, limits }: Resources, type: string): string[] {
  const bound = `${name} max limit to request ratio per ${type} is ${most}, but`
  const request = quantityMilliValue(requests[name] ?? '0')
  const limit = quantityMilliValue(limits[name] ?? '0')
  if (request === 0) return [`${bound} no request is specified or request is 0`]
  if (limit === 0) return [`${bound} no limit is specified or limit is 0`]
  const ratio = limit / request
  return ratio * 1000 > quantityMilliValue(most) ? [`${bound} provided ratio is ${ratio.toFixed(6)}`] : []
}
