// What may change in a Pod that exists: images, deadlines that get shorter, more tolerations, fewer
// scheduling gates, and through subresources its debug containers and (KEP-1287) its amounts of CPU and
// memory.
import { type FieldError, forbiddenField, invalidValue, required } from '../../../fields.ts'
import type { Container, EphemeralContainer, Pod, PodSpec } from '../../../generated/types.ts'
import { rangeText } from '../../../meta/names.ts'
import { sameValue } from '../../../meta/objectmeta.ts'
import { quantityLess } from '../../resourcelist.ts'
import { podQOS } from './qos.ts'
import { validatePodAnnotationUpdates } from './validation/annotations.ts'
import { validatePodBody } from './validation/spec.ts'

const noSpec: PodSpec = { containers: [] }
const maxSeconds = 2147483647
const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

export function validatePodUpdate(pod: Pod, previous: Pod): FieldError[] {
  const spec = pod.spec ?? noSpec
  const before = previous.spec ?? noSpec
  const errors = [...validatePodBody(pod), ...validatePodAnnotationUpdates(pod, previous)]
  for (const list of ['containers', 'initContainers'] as const) {
    const containers = spec[list] ?? []
    if (containers.length !== (before[list] ?? []).length) {
      errors.push(forbiddenField(`spec.${list}`, 'pod updates may not add or remove containers'))
      return errors
    }
    containers.forEach(({ image = '' }, index) => {
      if (image === '') errors.push(required(`spec.${list}[${index}].image`))
    })
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds)
  errors.push(...deadline)
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return errors
  errors.push(...validateTolerationUpdate(spec, before), ...validateGateUpdate(spec, before))
  if (sameValue(spec, before)) return errors
  const kept = keepChangeable(spec, before)
  if (before.schedulingGates?.length) errors.push(...keepSelectors(kept, before))
  if (!sameValue(kept, before)) {
    const detail = `pod updates may not change fields other than ${changeable}\n${describe(before, kept)}`
    errors.push(forbiddenField('spec', detail))
  }
  return errors
}

function validateDeadline(after: number | undefined, before: number | undefined): FieldError[] {
  const field = 'spec.activeDeadlineSeconds'
  if (after === undefined) {
    if (before === undefined) return []
    return [invalidValue(field, null, 'must not update from a positive integer to nil value')]
  }
  if (after < 0 || after > maxSeconds) return [invalidValue(field, after, rangeText(0, maxSeconds))]
  if (before === undefined || before >= after) return []
  return [invalidValue(field, after, 'must be less than or equal to previous value')]
}

function validateTolerationUpdate(spec: PodSpec, before: PodSpec): FieldError[] {
  for (const old of before.tolerations ?? []) {
    const found = (spec.tolerations ?? []).some(toleration =>
      sameValue({ ...old, tolerationSeconds: toleration.tolerationSeconds }, toleration),
    )
    if (found) continue
    const detail = 'existing toleration can not be modified except its tolerationSeconds'
    return [forbiddenField('spec.tolerations', detail)]
  }
  return []
}

function validateGateUpdate(spec: PodSpec, before: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  spec.schedulingGates?.forEach(({ name }, index) => {
    if (before.schedulingGates?.some(gate => gate.name === name)) return
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`
    errors.push(forbiddenField(`spec.schedulingGates[${index}].name`, detail))
  })
  return errors
}

/** The new spec with what may change as it was before. */
function keepChangeable(spec: PodSpec, before: PodSpec): PodSpec {
  const withImages = (containers: Container[] | undefined, old: Container[] | undefined) =>
    containers?.map((container, index) => ({ ...container, image: old?.[index]?.image }))
  const grace = before.terminationGracePeriodSeconds
  const kept: PodSpec = {
    ...spec,
    containers: withImages(spec.containers, before.containers) ?? [],
    activeDeadlineSeconds: before.activeDeadlineSeconds,
    schedulingGates: before.schedulingGates,
    tolerations: before.tolerations,
  }
  if (spec.initContainers) kept.initContainers = withImages(spec.initContainers, before.initContainers)
  if (grace !== undefined && grace < 0 && spec.terminationGracePeriodSeconds === 1) {
    kept.terminationGracePeriodSeconds = grace
  }
  return kept
}

/**
 * A Pod that waits at a gate may be directed more narrowly (KEP-3521); in place for what was judged here.
 */
function keepSelectors(kept: PodSpec, before: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  if (!sameValue(kept.nodeSelector, before.nodeSelector)) {
    const lost = Object.entries(before.nodeSelector ?? {}).some(
      ([key, value]) => kept.nodeSelector?.[key] !== value,
    )
    if (lost) {
      const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
      errors.push(invalidValue('spec.nodeSelector', kept.nodeSelector ?? {}, detail))
    }
    kept.nodeSelector = before.nodeSelector
  }
  const old = before.affinity?.nodeAffinity
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  if (sameValue(kept.affinity?.nodeAffinity, old)) return errors
  const oldTerms = old?.[required]?.nodeSelectorTerms ?? []
  const newTerms = kept.affinity?.nodeAffinity?.[required]?.nodeSelectorTerms ?? []
  const field = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`
  if (oldTerms.length > 0 && oldTerms.length !== newTerms.length) {
    errors.push(
      invalidValue(field, newTerms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'),
    )
  } else {
    oldTerms.forEach((term, index) => {
      const keeps = (['matchExpressions', 'matchFields'] as const).every(list =>
        (term[list] ?? []).every((entry, position) => sameValue(newTerms[index]?.[list]?.[position], entry)),
      )
      if (keeps) return
      const detail = 'only additions are allowed (no mutations or deletions)'
      errors.push(invalidValue(`${field}[${index}]`, newTerms[index], detail))
    })
  }
  const { nodeAffinity: _, ...others } = kept.affinity ?? {}
  const affinity = { ...others, ...(old ? { nodeAffinity: old } : {}) }
  if (before.affinity || Object.keys(affinity).length > 0) kept.affinity = affinity
  else delete kept.affinity
  return errors
}

/** What differs, a line for each value that went and each that came. */
function describe(before: unknown, after: unknown, path = 'spec'): string {
  if (sameValue(before, after)) return ''
  const isTree = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null
  if (isTree(before) && isTree(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    const step = (key: string) => (Array.isArray(before) ? `${path}[${key}]` : `${path}.${key}`)
    return keys.map(key => describe(before[key], after[key], step(key))).join('')
  }
  const line = (sign: string, value: unknown) =>
    value === undefined ? '' : `${sign} ${path}: ${JSON.stringify(value)}\n`
  return line('-', before) + line('+', after)
}

/** pods/ephemeralcontainers: in place, everything else stays as it is. */
export function keepOnlyEphemeralContainers(pod: Pod, previous: Pod): void {
  const { ephemeralContainers } = pod.spec ?? noSpec
  const spec = { ...(previous.spec ?? noSpec) }
  if (ephemeralContainers) spec.ephemeralContainers = ephemeralContainers
  else delete spec.ephemeralContainers
  pod.spec = spec
  if (previous.status) pod.status = previous.status
}

/** pods/ephemeralcontainers: containers may be added, never changed or taken away. */
export function validateEphemeralContainersUpdate(pod: Pod, previous: Pod): FieldError[] {
  const errors = validatePodBody(pod)
  const field = 'spec.ephemeralContainers'
  if (previous.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    return [forbiddenField('[]', 'static pods do not support ephemeral containers')]
  }
  const after = pod.spec?.ephemeralContainers ?? []
  for (const old of previous.spec?.ephemeralContainers ?? []) {
    const found: EphemeralContainer | undefined = after.find(({ name }) => name === old.name)
    const name = JSON.stringify(old.name)
    if (!found) {
      errors.push(forbiddenField(field, `existing ephemeral containers ${name} may not be removed\n`))
    } else if (!sameValue(found, old)) {
      const changes = describe(old, found, old.name)
      const detail = `existing ephemeral containers ${name} may not be changed\n${changes}`
      errors.push(forbiddenField(field, detail))
    }
  }
  return errors
}

/** pods/resize: in place, everything but amounts and resize policies stays as it is. */
export function keepOnlyResize(pod: Pod, previous: Pod): void {
  const spec = pod.spec ?? noSpec
  const before = previous.spec ?? noSpec
  const merge = (containers: Container[] = [], old: Container[] = []) => {
    if (containers.some((container, index) => container.name !== old[index]?.name)) return containers
    return containers.map((container, index) => {
      const { resources: _r, resizePolicy: _p, ...rest } = old[index]!
      const { resources, resizePolicy } = container
      return { ...rest, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) }
    })
  }
  const sameLength =
    spec.containers.length === before.containers.length &&
    (spec.initContainers ?? []).length === (before.initContainers ?? []).length
  if (!sameLength) return
  const kept: PodSpec = { ...before, containers: merge(spec.containers, before.containers) }
  if (before.initContainers) kept.initContainers = merge(spec.initContainers, before.initContainers)
  pod.spec = kept
  if (previous.status) pod.status = previous.status
}

export function validatePodResize(pod: Pod, previous: Pod): FieldError[] {
  const spec = pod.spec ?? noSpec
  const before = previous.spec ?? noSpec
  if (previous.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    return [forbiddenField('[]', 'static pods cannot be resized')]
  }
  if (before.os?.name === 'windows') return [forbiddenField('[]', 'windows pods cannot be resized')]
  const errors = validatePodBody(pod)
  if ((previous.status?.qosClass ?? podQOS(before)) !== podQOS(spec)) {
    const detail = 'Pod QOS Class may not change as a result of resizing'
    errors.push(invalidValue('spec', pod.status?.qosClass ?? '', detail))
  }
  for (const list of ['initContainers', 'containers'] as const) {
    before[list]?.forEach((old, index) => {
      const container = spec[list]?.[index]
      const isSidecar = list === 'initContainers' && old.restartPolicy === 'Always'
      if (!container || sameValue(container, old)) return
      if (list === 'initContainers' && !isSidecar) {
        const detail = 'resources for non-sidecar init containers are immutable'
        errors.push(forbiddenField('spec', detail))
        return
      }
      errors.push(...validateContainerResize(container, old, `spec.${list}[${index}].resources`))
      if (!sameValue(withAmountsOf(container, old), old)) {
        const what = isSidecar ? ' for sidecar containers' : ''
        errors.push(forbiddenField('spec', `only cpu and memory resources${what} are mutable`))
      }
    })
  }
  return errors
}

function withAmountsOf(container: Container, old: Container): Container {
  const mix = (list: Record<string, string> | undefined, before: Record<string, string> | undefined) => {
    const { cpu: _c, memory: _m, ...rest } = list ?? {}
    const kept = Object.entries(before ?? {}).filter(([name]) => name === 'cpu' || name === 'memory')
    const mixed = { ...rest, ...Object.fromEntries(kept) }
    return Object.keys(mixed).length === 0 && !before ? undefined : mixed
  }
  const resources = {
    ...container.resources,
    limits: mix(container.resources?.limits, old.resources?.limits),
    requests: mix(container.resources?.requests, old.resources?.requests),
  }
  return { ...container, resources, resizePolicy: old.resizePolicy }
}

function validateContainerResize(container: Container, old: Container, field: string): FieldError[] {
  const errors: FieldError[] = []
  const { requests = {}, limits = {} } = container.resources ?? {}
  const before = old.resources ?? {}
  const removed = (list: Record<string, string>, oldList: Record<string, string> = {}) =>
    Object.keys(oldList).some(name => !(name in list))
  if (removed(requests, before.requests)) {
    errors.push(forbiddenField(`${field}.requests`, 'resource requests cannot be removed'))
  }
  if (removed(limits, before.limits)) {
    errors.push(forbiddenField(`${field}.limits`, 'resource limits cannot be removed'))
  }
  const policy = container.resizePolicy?.find(({ resourceName }) => resourceName === 'memory')?.restartPolicy
  if (policy === 'RestartContainer' || limits.memory === undefined) return errors
  const why =
    before.limits?.memory === undefined
      ? 'added'
      : quantityLess(limits.memory, before.limits.memory)
        ? 'decreased'
        : ''
  if (why !== '') {
    const detail = `memory limits cannot be ${why} unless resizePolicy is RestartContainer`
    errors.push(forbiddenField(`${field}.limits[memory]`, detail))
  }
  return errors
}
