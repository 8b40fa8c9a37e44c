// A Pod's status as the kubelet reports it: phase, conditions in their order, container statuses (upstream
// generateAPIPodStatus and pkg/kubelet/status/generate.go; KEP-3085, KEP-5067 for newer conditions). Pure.
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from '../api/generated/types.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import { type ContainerRecord, type ContainerRecords, isSidecar } from './containerplan.ts'
import { imageName } from './image.ts'
import type { RuntimeContainer } from './runtime.ts'

export interface PodStatusInput {
  readonly pod: Pod
  readonly records: ContainerRecords
  /** Empty until there is a sandbox. */
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
  /** RFC 3339: when the kubelet saw the Pod first. */
  readonly startTime: string
  /** The Pod has come to its end: these are to be shown instead of what the containers say. */
  readonly override?: { readonly phase: string; readonly reason: string; readonly message: string }
  readonly nowMs: number
}

export function terminatedState(run: RuntimeContainer): ContainerStateTerminated {
  const { exit } = run
  return {
    exitCode: exit?.exitCode ?? 0,
    reason: exit?.reason ?? 'Completed',
    ...(exit?.message ? { message: exit.message } : {}),
    startedAt: run.startedAt,
    finishedAt: exit?.finishedAt ?? run.startedAt,
    containerID: run.id,
  }
}

function stateOf(record: ContainerRecord | undefined, fallback: string): ContainerState {
  const run = record?.current
  if (run && !run.exit) return { running: { startedAt: run.startedAt } }
  if (record?.waiting) return { waiting: { ...record.waiting } }
  if (run) return { terminated: terminatedState(run) }
  return { waiting: { reason: fallback } }
}

/** A container in back-off shows its last run as the state before. */
function lastStateOf(record: ContainerRecord | undefined): ContainerState {
  const run = record?.current
  if (run?.exit && record?.waiting) return { terminated: terminatedState(run) }
  return record?.last ? { terminated: record.last } : {}
}

const identity = (container: Container, pod: Pod) => {
  const context = { ...pod.spec?.securityContext, ...container.securityContext }
  const { runAsUser: uid = 0, runAsGroup: gid = 0 } = context
  const extra = pod.spec?.securityContext?.supplementalGroups ?? []
  return { linux: { uid, gid, supplementalGroups: [...new Set([gid, ...extra])] } }
}

function containerStatus(container: Container, record: ContainerRecord | undefined, input: PodStatusInput) {
  const fallback = input.pod.spec?.initContainers?.length ? 'PodInitializing' : 'ContainerCreating'
  const run = record?.current
  const isRunning = run !== undefined && !run.exit
  const image = container.image ?? ''
  const status: ContainerStatus = {
    name: container.name,
    state: stateOf(record, fallback),
    lastState: lastStateOf(record),
    ready: isRunning && (record?.isReady ?? false),
    restartCount: run?.attempt ?? 0,
    image: run?.image ?? imageName(image)?.image ?? image,
    imageID: run?.imageID ?? '',
    ...(run ? { containerID: run.id } : {}),
    started: isRunning && (record?.isStarted ?? false),
  }
  if (!run) return status
  const { requests } = container.resources ?? {}
  if (requests) status.allocatedResources = requests
  status.resources = container.resources ?? {}
  if (container.volumeMounts?.length) {
    status.volumeMounts = container.volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    }))
  }
  status.user = identity(container, input.pod)
  return status
}

/** An init container that has done its work counts as ready; `started` says nothing about it. */
function initStatus(container: Container, input: PodStatusInput): ContainerStatus {
  const record = input.records.get(container.name)
  const status = containerStatus(container, record, input)
  if (isSidecar(container)) return status
  return { ...status, ready: record?.current?.exit?.exitCode === 0, started: status.started ?? false }
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

function phaseOf(input: PodStatusInput): Phase {
  const { pod, records } = input
  const policy = pod.spec?.restartPolicy ?? 'Always'
  const containers = pod.spec?.containers ?? []
  const runs = containers.map(({ name }) => records.get(name)?.current)
  if (runs.every(run => run === undefined)) {
    const failedInit = (pod.spec?.initContainers ?? []).some(container => {
      const exit = records.get(container.name)?.current?.exit
      return !isSidecar(container) && policy === 'Never' && exit !== undefined && exit.exitCode !== 0
    })
    return failedInit ? 'Failed' : 'Pending'
  }
  if (runs.some(run => run === undefined)) return 'Pending'
  if (runs.some(run => !run?.exit)) return 'Running'
  const willRestart = containers.some(container => {
    const own = container.restartPolicy ?? policy
    const exitCode = records.get(container.name)?.current?.exit?.exitCode
    return own === 'Always' || (own === 'OnFailure' && exitCode !== 0)
  })
  if (willRestart) return 'Running'
  return runs.every(run => run?.exit?.exitCode === 0) ? 'Succeeded' : 'Failed'
}

interface Draft {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}

const names = (statuses: readonly ContainerStatus[]) => `[${statuses.map(({ name }) => name).join(' ')}]`

function initializedCondition(pod: Pod, statuses: readonly ContainerStatus[], phase: Phase): Draft {
  const type = 'Initialized'
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' }
  const hasBegun = statuses.length === 0
  const incomplete = statuses.filter((status, index) => {
    const container = pod.spec?.initContainers?.[index]
    return container && isSidecar(container) ? !status.started : !status.ready
  })
  if (hasBegun || incomplete.length === 0) return { type, status: 'True' }
  return {
    type,
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: ${names(incomplete)}`,
  }
}

function containersReadyCondition(statuses: readonly ContainerStatus[], phase: Phase): Draft {
  const type = 'ContainersReady'
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  const unready = statuses.filter(({ ready }) => !ready)
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: ${names(unready)}`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

/** Readiness gates (KEP-580) are conditions that others set. */
function readyCondition(pod: Pod, containersReady: Draft): Draft {
  const type = 'Ready'
  if (containersReady.status === 'False') return { ...containersReady, type }
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status?.conditions?.find(other => other.type === conditionType)
    if (!condition)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    if (condition.status === 'True') return []
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`]
  })
  if (messages.length === 0) return { type, status: 'True' }
  return { type, status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') }
}

/** In the kubelet's order, after those of others; a transition time moves only when the status does. */
function conditionsOf(input: PodStatusInput, drafts: readonly Draft[]): PodCondition[] {
  const { pod, nowMs } = input
  const known = pod.status?.conditions ?? []
  const own = new Set(drafts.map(({ type }) => type))
  const others = known.filter(({ type }) => !own.has(type))
  const generation = pod.metadata.generation
  const written = drafts.map((draft): PodCondition => {
    const previous = known.find(({ type }) => type === draft.type)
    const lastTransitionTime =
      previous?.status === draft.status && previous.lastTransitionTime
        ? previous.lastTransitionTime
        : formatTime(nowMs)
    return { ...draft, lastTransitionTime, ...(generation ? { observedGeneration: generation } : {}) }
  })
  return [...others, ...written]
}

export function planPodStatus(input: PodStatusInput): PodStatus {
  const { pod, podIPs, hostIPs, override } = input
  const main = (pod.spec?.containers ?? []).map(c => containerStatus(c, input.records.get(c.name), input))
  const init = (pod.spec?.initContainers ?? []).map(c => initStatus(c, input))
  const ephemeral = (pod.spec?.ephemeralContainers ?? []).map(c =>
    containerStatus(c as Container, input.records.get(c.name), input),
  )
  const phase = (override?.phase as Phase | undefined) ?? phaseOf(input)
  const containersReady = containersReadyCondition([...init.filter(isRunningSidecar(pod)), ...main], phase)
  const conditions = conditionsOf(input, [
    { type: 'PodReadyToStartContainers', status: podIPs.length > 0 ? 'True' : 'False' },
    initializedCondition(pod, init, phase),
    readyCondition(pod, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ])
  return {
    ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
    phase,
    conditions,
    ...(override ? { reason: override.reason, message: override.message } : {}),
    hostIP: hostIPs[0],
    hostIPs: hostIPs.map(ip => ({ ip })),
    ...(podIPs.length > 0 ? { podIP: podIPs[0], podIPs: podIPs.map(ip => ({ ip })) } : {}),
    startTime: input.startTime,
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: main,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
  }
}

const isRunningSidecar = (pod: Pod) => (_: ContainerStatus, index: number) => {
  const container = pod.spec?.initContainers?.[index]
  return container !== undefined && isSidecar(container)
}
