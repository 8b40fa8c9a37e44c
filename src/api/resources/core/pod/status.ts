// A Pod's status: addresses per family, primary first, with the singular fields kept as the first of the
// plural ones (KEP-563, KEP-2681); what a new Pod's status is; what may not happen to a status.
import { parseLenientAddress } from '../../../../ip/address.ts'
import { duplicate, type FieldError, forbiddenField, invalidValue } from '../../../fields.ts'
import type { ContainerState, ContainerStatus, Pod, PodSpec, PodStatus } from '../../../generated/types.ts'
import { validateLegacyAddress } from '../../../meta/addresses.ts'
import { dns1123Subdomain, qualifiedName } from '../../../meta/names.ts'
import { immutable } from '../../../meta/objectmeta.ts'
import { podQOS } from './qos.ts'

/** In place: the singular and the plural addresses agree, and what Go never leaves out is there. */
export function defaultPodStatus(status: PodStatus): void {
  const { podIP, podIPs } = status
  if (podIP && podIP !== podIPs?.[0]?.ip) status.podIPs = [{ ip: podIP }]
  else if (podIPs?.length) status.podIP = podIPs[0]!.ip
  if (status.hostIP && !status.hostIPs?.length) status.hostIPs = [{ ip: status.hostIP }]
  for (const condition of status.conditions ?? []) {
    const times = condition as { lastProbeTime?: unknown; lastTransitionTime?: unknown }
    times.lastProbeTime ??= null
    times.lastTransitionTime ??= null
  }
  for (const list of [status.containerStatuses, status.initContainerStatuses]) {
    for (const container of list ?? []) defaultContainerStatus(container)
  }
  for (const container of status.ephemeralContainerStatuses ?? []) defaultContainerStatus(container)
}

function defaultContainerStatus(container: ContainerStatus): void {
  container.state ??= {}
  container.lastState ??= {}
  defaultTimes(container.state)
  defaultTimes(container.lastState)
  container.ready ??= false
  container.restartCount ??= 0
  container.image ??= ''
  container.imageID ??= ''
}

/** Times that are not known are null. */
function defaultTimes(state: ContainerState): void {
  const { running, terminated } = state as {
    running?: { startedAt?: unknown }
    terminated?: { startedAt?: unknown; finishedAt?: unknown }
  }
  if (running) running.startedAt ??= null
  if (!terminated) return
  terminated.startedAt ??= null
  terminated.finishedAt ??= null
}

/** The status of a Pod that has just been made. */
export function initialPodStatus(pod: Pod): PodStatus {
  const status: PodStatus = { phase: 'Pending', qosClass: podQOS(pod.spec) }
  if (pod.spec?.schedulingGates?.length) {
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null as unknown as string,
      lastTransitionTime: null as unknown as string,
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    }
    status.conditions = [condition]
  }
  return status
}

/** In place: what a status update may not take away. */
export function preparePodStatusUpdate(pod: Pod, previous: Pod): void {
  const { status = {} } = pod
  const { status: before = {} } = previous
  pod.status = status
  if (previous.metadata.ownerReferences) pod.metadata.ownerReferences = previous.metadata.ownerReferences
  else delete pod.metadata.ownerReferences
  if (!status.qosClass && before.qosClass) status.qosClass = before.qosClass
  if (!status.observedGeneration && before.observedGeneration) {
    status.observedGeneration = before.observedGeneration
  }
  for (const condition of status.conditions ?? []) {
    if (condition.observedGeneration) continue
    const old = before.conditions?.find(({ type }) => type === condition.type)?.observedGeneration
    if (old) condition.observedGeneration = old
  }
  defaultPodStatus(status)
}

const systemConditions = ['PodScheduled', 'Ready', 'Initialized']

export function validatePodStatusUpdate(pod: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = []
  const { status = {}, spec = { containers: [] } } = pod
  const { status: before = {}, spec: specBefore = { containers: [] } } = previous
  status.conditions?.forEach(({ type }, index) => {
    if (systemConditions.includes(type)) return
    for (const problem of qualifiedName(type)) {
      errors.push(invalidValue(`metadata.conditions[${index}].Type`, type, problem))
    }
  })
  if ((spec.nodeName ?? '') !== (specBefore.nodeName ?? '')) {
    errors.push(forbiddenField('status.nodeName', 'may not be changed directly'))
  }
  const nominated = status.nominatedNodeName ?? ''
  if (nominated !== '' && nominated !== before.nominatedNodeName) {
    for (const problem of dns1123Subdomain(nominated)) {
      errors.push(invalidValue('status.nominatedNodeName', nominated, problem))
    }
  }
  errors.push(...immutable(status.qosClass ?? '', before.qosClass ?? '', 'status.qosClass'))
  errors.push(...validateTransitions(status, before, specBefore))
  errors.push(...validateAddresses(status.podIPs ?? [], 'status.podIPs'))
  errors.push(...validateHostIPs(status))
  return errors
}

/** One that ended stays ended, unless it may be restarted. */
function validateTransitions(status: PodStatus, before: PodStatus, spec: PodSpec): FieldError[] {
  const policy = spec.restartPolicy ?? 'Always'
  const sidecars = (spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  const lists = [
    ['containerStatuses', policy],
    ['initContainerStatuses', policy],
    ['ephemeralContainerStatuses', 'Never'],
  ] as const
  const errors: FieldError[] = []
  for (const [list, restartPolicy] of lists) {
    if (restartPolicy === 'Always') continue
    before[list]?.forEach((old, index) => {
      const { terminated } = old.state ?? {}
      if (!terminated || (terminated.exitCode !== 0 && restartPolicy === 'OnFailure')) return
      if (list === 'initContainerStatuses' && sidecars.some(({ name }) => name === old.name)) return
      const after = status[list]?.find(({ name }) => name === old.name)
      if (!after || after.state?.terminated || mayRestart(spec, old.name)) return
      const detail = 'may not be transitioned to non-terminated state'
      errors.push(forbiddenField(`status.${list}[${index}].state`, detail))
    })
  }
  return errors
}

/** A container may have a restart policy of its own (KEP-5307). */
function mayRestart(spec: PodSpec, name: string): boolean {
  const container = spec.containers.find(container => container.name === name)
  return container?.restartPolicy !== undefined || (container?.restartPolicyRules ?? []).length > 0
}

function validateAddresses(addresses: readonly { readonly ip?: string }[], field: string): FieldError[] {
  const errors: FieldError[] = []
  addresses.forEach(({ ip = '' }, index) => {
    errors.push(...validateLegacyAddress(ip, `${field}[${index}]`))
  })
  if (addresses.length < 2) return errors
  const families = new Set(addresses.map(({ ip = '' }) => parseLenientAddress(ip)?.family))
  if (families.size < 2 || addresses.length > 2) {
    errors.push(invalidValue(field, addresses, 'may specify no more than one IP for each IP family'))
  }
  addresses.forEach(({ ip }, index) => {
    if (addresses.findIndex(other => other.ip === ip) < index) {
      errors.push(duplicate(`${field}[${index}]`, addresses[index]))
    }
  })
  return errors
}

function validateHostIPs({ hostIP, hostIPs = [] }: PodStatus): FieldError[] {
  if (hostIPs.length === 0) return []
  const errors: FieldError[] = []
  const first = hostIPs[0]!.ip
  if ((hostIP ?? '') !== first) {
    errors.push(invalidValue('status.hostIPs[0].ip', first, 'must be equal to `hostIP`'))
  }
  return [...errors, ...validateAddresses(hostIPs, 'status.hostIPs')]
}
