// What `kubectl get pods` shows, by the rules of upstream's printer (pkg/printers/internalversion): the
// status is the phase, or better the reason that a container, an init container or the Pod itself gives.
import type { ContainerState, ContainerStatus, Pod } from '../../../generated/types.ts'
import { ageColumn, ageSince } from '../../../meta/age.ts'
import { type Column, column } from '../../../resource.ts'
import { nameColumn } from '../../columns.ts'

export interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly status: string
  readonly restarts: number
  /** RFC 3339; empty when nothing was restarted. */
  readonly lastRestart: string
}

interface Tally {
  ready: number
  reason: string
  restarts: number
  lastRestart: string
}

function countRestart(tally: Tally, { restartCount, lastState }: ContainerStatus): void {
  tally.restarts += restartCount ?? 0
  const finished = lastState?.terminated?.finishedAt ?? ''
  if (finished > tally.lastRestart) tally.lastRestart = finished
}

/** `Error`, or when the runtime gave no reason `ExitCode:1`, `Signal:9`. */
function reasonOf({ reason, signal, exitCode }: NonNullable<ContainerState['terminated']>): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`)
}

const isTrue = ({ status }: Pod, type: string) =>
  status?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false

/** Counts init containers; true while one of them is still at work. */
function tallyInit({ spec, status }: Pod, tally: Tally, sidecars: Tally): boolean {
  const all = spec?.initContainers ?? []
  const statuses = status?.initContainerStatuses ?? []
  for (const [index, container] of statuses.entries()) {
    const { waiting, terminated } = container.state ?? {}
    const isSidecar = all.find(({ name }) => name === container.name)?.restartPolicy === 'Always'
    countRestart(tally, container)
    if (isSidecar) countRestart(sidecars, container)
    if (terminated?.exitCode === 0) continue
    if (isSidecar && container.started) {
      if (container.ready) tally.ready++
      continue
    }
    if (terminated) tally.reason = `Init:${reasonOf(terminated)}`
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') tally.reason = `Init:${waiting.reason}`
    else tally.reason = `Init:${index}/${all.length}`
    return true
  }
  return false
}

function tallyContainers(pod: Pod, tally: Tally): void {
  const statuses = pod.status?.containerStatuses ?? []
  let running = false
  for (let index = statuses.length - 1; index >= 0; index--) {
    const container = statuses[index]!
    const { waiting, terminated, running: runs } = container.state ?? {}
    countRestart(tally, container)
    if (waiting?.reason) tally.reason = waiting.reason
    else if (terminated) tally.reason = reasonOf(terminated)
    else if (container.ready && runs) {
      running = true
      tally.ready++
    }
  }
  if (tally.reason === 'Completed' && running) tally.reason = isTrue(pod, 'Ready') ? 'Running' : 'NotReady'
}

export function summarizePod(pod: Pod): PodSummary {
  const { metadata, spec, status } = pod
  const phase = status?.phase ?? ''
  const gated = status?.conditions?.some(
    condition => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  )
  const tally: Tally = {
    ready: 0,
    reason: gated ? 'SchedulingGated' : status?.reason || phase,
    restarts: 0,
    lastRestart: '',
  }
  const sidecars: Tally = { ready: 0, reason: '', restarts: 0, lastRestart: '' }
  const initializing = tallyInit(pod, tally, sidecars)
  if (!initializing || isTrue(pod, 'Initialized')) {
    tally.restarts = sidecars.restarts
    tally.lastRestart = sidecars.lastRestart
    tallyContainers(pod, tally)
  }
  if (metadata.deletionTimestamp) {
    if (status?.reason === 'NodeLost') tally.reason = 'Unknown'
    else if (phase !== 'Succeeded' && phase !== 'Failed') tally.reason = 'Terminating'
  }
  const extra = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').length
  const total = (spec?.containers.length ?? 0) + extra
  const { ready, reason, restarts, lastRestart } = tally
  return { ready, total, status: reason, restarts, lastRestart }
}

function formatRestarts(pod: Pod, nowMs: number): string {
  const { restarts, lastRestart } = summarizePod(pod)
  if (restarts === 0 || lastRestart === '') return String(restarts)
  return `${restarts} (${ageSince(lastRestart, nowMs)} ago)`
}

function formatGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const open = gates.filter(({ conditionType }) => {
    const found = pod.status?.conditions?.find(condition => condition.type === conditionType)
    return found?.status === 'True'
  })
  return `${open.length}/${gates.length}`
}

export const podColumns: Column<Pod>[] = [
  nameColumn,
  column(
    'Ready',
    pod => {
      const { ready, total } = summarizePod(pod)
      return `${ready}/${total}`
    },
    { description: 'How many of the containers are ready.' },
  ),
  column('Status', pod => summarizePod(pod).status, {
    description: 'The state of the Pod, with the reason its containers give.',
  }),
  column('Restarts', formatRestarts, {
    description: 'How often containers were restarted, and when last.',
    timeDependent: true,
  }),
  ageColumn,
  column('IP', ({ status }) => status?.podIPs?.[0]?.ip || '<none>', { wide: true }),
  column('Node', ({ spec }) => spec?.nodeName || '<none>', { wide: true }),
  column('Nominated Node', ({ status }) => status?.nominatedNodeName || '<none>', { wide: true }),
  column('Readiness Gates', formatGates, { wide: true }),
]
