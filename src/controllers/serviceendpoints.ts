// What the Endpoints and the EndpointSlice controller have in common: which Pods belong to a Service,
// which Services a Pod concerns, and how a Pod answers a Service's port (upstream:
// staging/src/k8s.io/endpointslice/util).
import type { Pod, Service, ServicePort } from '../api/generated/types.ts'
import { findCondition } from '../api/meta/conditions.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import type { Cache } from './cache.ts'
import { isPodReady } from './podstate.ts'
import { pods, services } from './resources.ts'
import { sameValue } from './samevalue.ts'

export const headlessLabel = 'service.kubernetes.io/headless'
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

type Labels = Readonly<Record<string, string>>

function labelKeys(namespace: string | undefined, labels: Labels | undefined): string[] {
  const keys: string[] = []
  for (const key in labels) keys.push(`${namespace}/${key}=${labels[key]}`)
  return keys
}

/** One pair of the selector stands for all: a Pod that matches has it too. */
const selectorIndex = ({ metadata, spec }: Service): readonly string[] =>
  labelKeys(metadata.namespace, spec?.selector).slice(0, 1)
const labelIndex = ({ metadata }: Pod): readonly string[] => labelKeys(metadata.namespace, metadata.labels)

function selects(selector: Labels, labels: Labels | undefined): boolean {
  for (const key in selector) if (labels?.[key] !== selector[key]) return false
  return true
}

export const isHeadless = (service: Service): boolean =>
  (service.spec?.clusterIPs?.length ?? 0) === 0 || service.spec?.clusterIPs?.[0] === 'None'

/** Services without a selector get their endpoints from somebody else. */
export const hasSelector = (service: Service): boolean => Object.keys(service.spec?.selector ?? {}).length > 0

export function servicesOf(pod: Pod, cache: Cache): string[] {
  const informer = cache.informer(services)
  informer.addIndex('selector', selectorIndex)
  const { namespace, labels } = pod.metadata
  const keys: string[] = []
  for (const label of labelKeys(namespace, labels)) {
    for (const { metadata, spec } of informer.byIndex('selector', label)) {
      if (selects(spec?.selector ?? {}, labels)) keys.push(`${namespace}/${metadata.name}`)
    }
  }
  return keys
}

export function podsOf(service: Service, cache: Cache): Pod[] {
  const informer = cache.informer(pods)
  informer.addIndex('label', labelIndex)
  const selector = service.spec?.selector ?? {}
  const candidates = labelKeys(service.metadata.namespace, selector).map(key =>
    informer.byIndex('label', key),
  )
  const fewest = candidates.reduce((a, b) => (b.length < a.length ? b : a), candidates[0] ?? [])
  return fewest.filter(pod => selects(selector, pod.metadata.labels))
}

/** Whether a change of a Pod can change anything about an endpoint. */
export function endpointMatters(pod: Pod, previous: Pod): boolean {
  return !(
    isPodReady(pod) === isPodReady(previous) &&
    pod.metadata.deletionTimestamp === previous.metadata.deletionTimestamp &&
    pod.status?.phase === previous.status?.phase &&
    pod.spec?.nodeName === previous.spec?.nodeName &&
    pod.spec?.hostname === previous.spec?.hostname &&
    pod.spec?.subdomain === previous.spec?.subdomain &&
    sameValue(pod.metadata.labels, previous.metadata.labels) &&
    sameValue(pod.status?.podIPs, previous.status?.podIPs)
  )
}

/** Does the Pod have an address that could be used, now or later? */
export function belongs(pod: Pod, options: { readonly includeTerminating: boolean }): boolean {
  const phase = pod.status?.phase
  if (phase === 'Failed' || phase === 'Succeeded') return false
  if (!pod.status?.podIPs?.length) return false
  return options.includeTerminating || !pod.metadata.deletionTimestamp
}

/** The Pod's name within a headless Service that is its subdomain. */
export const hostnameIn = (pod: Pod, service: Service): string | undefined =>
  pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined

/** The number behind a Service's port in this Pod; undefined when no container has a port of that name. */
export function findPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  for (const { ports = [] } of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const protocol = port.protocol ?? 'TCP'
    const found = ports.find(({ name, protocol: own = 'TCP' }) => name === target && own === protocol)
    if (found) return found.containerPort
  }
  return undefined
}

interface Seen {
  readonly service: number
  readonly pods: ReadonlyMap<string, number>
}

/** Remembers per Service which changes were already told, for the annotation that measures the delay. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>()

  /** The earliest change since the last call, as in the annotation; undefined when there was none. */
  next(key: string, service: Service, members: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key)
    const changes: string[] = []
    const note = (time: string | undefined, last: number) => {
      const ms = parseTime(time) ?? 0
      if (time && ms > last) changes.push(time)
      return ms
    }
    const created = note(service.metadata.creationTimestamp, before?.service ?? 0)
    const ready = new Map<string, number>()
    for (const { metadata, status } of members) {
      const time = findCondition(status?.conditions, 'Ready')?.lastTransitionTime
      const name = metadata.name ?? ''
      if (time) ready.set(name, note(time, before?.pods.get(name) ?? 0))
    }
    this.#seen.set(key, { service: created, pods: ready })
    return changes.sort((a, b) => (parseTime(a) ?? 0) - (parseTime(b) ?? 0))[0]
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}
