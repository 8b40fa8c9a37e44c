// Which of a Pod's containers are to be started now, and which later: init containers in order, sidecars
// beside them (KEP-753), restarts by policy with the kubelet's back-off (10 s, doubling to 5 min). Pure.
import type { Container, ContainerStateTerminated, Pod } from '../api/generated/types.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import type { RuntimeContainer } from './runtime.ts'

/** What the kubelet remembers of one container. */
export interface ContainerRecord {
  /** The last run; absent: it was never started. */
  current?: RuntimeContainer
  /** It ran in a sandbox that is no more: init containers run again (not with the policy Never). */
  isLost?: boolean
  /** The image of its specification when it was started. */
  image?: string
  /** How the run before that ended. */
  last?: ContainerStateTerminated
  /** Why it is not running: shown while it waits. */
  waiting?: { readonly reason: string; readonly message?: string }
  /** The delay before the next restart; 0: at once. */
  backoffMs: number
  /** When the last restart was. */
  restartedAtMs: number
  /** Not before this time. */
  retryAtMs: number
  /** Its startup and readiness probes have succeeded, or there are none. */
  isStarted: boolean
  isReady: boolean
}

export const newRecord = (): ContainerRecord => ({
  backoffMs: 0,
  restartedAtMs: 0,
  retryAtMs: 0,
  isStarted: false,
  isReady: false,
})

export type ContainerRecords = ReadonlyMap<string, ContainerRecord>

const firstBackoffMs = 10_000
const lastBackoffMs = 300_000

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'

/** May a container that has ended be started again? */
function restarts(pod: Pod, container: Container, exitCode: number, isInit: boolean): boolean {
  if (isInit && isSidecar(container)) return true
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always'
  // An init container has done its work when it succeeds, whatever the policy.
  if (isInit) return exitCode !== 0 && policy !== 'Never'
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

/** Called once when a run has ended: when may the next begin? */
export function noteExit(record: ContainerRecord): void {
  const exit = record.current?.exit
  if (!exit) return
  record.isReady = false
  record.isStarted = false
  const finishedAtMs = parseTime(exit.finishedAt) ?? 0
  const ranLong = finishedAtMs - record.restartedAtMs > 2 * lastBackoffMs
  if (ranLong && record.restartedAtMs > 0) record.backoffMs = 0
  record.retryAtMs = finishedAtMs + record.backoffMs
}

/** Called when it is started again. */
export function noteRestart(record: ContainerRecord, nowMs: number): void {
  record.backoffMs = record.backoffMs === 0 ? firstBackoffMs : Math.min(record.backoffMs * 2, lastBackoffMs)
  record.restartedAtMs = nowMs
}

export interface ContainerPlan {
  readonly start: readonly Container[]
  /** In back-off: until when, in milliseconds since the epoch. */
  readonly backOff: ReadonlyMap<Container, number>
  /**
   * `initializing`: init containers are not through. `failed`: one of them never will be. `completed`: all
   * main containers have ended for good, so that sidecars may go, too.
   */
  readonly stage: 'initializing' | 'running' | 'completed' | 'failed'
}

interface Verdict {
  readonly kind: 'start' | 'wait' | 'running' | 'succeeded' | 'failed'
}

function judge(
  pod: Pod,
  container: Container,
  context: { record?: ContainerRecord; nowMs: number; isInit: boolean },
) {
  const { record, nowMs, isInit } = context
  const exit = record?.current?.exit
  const isDue = (record?.retryAtMs ?? 0) <= nowMs
  const verdict = (kind: Verdict['kind']): Verdict => ({ kind })
  if (isInit && exit && record?.isLost) return verdict('start')
  if (!record?.current) return verdict(isDue ? 'start' : 'wait')
  if (!exit) return verdict('running')
  if (restarts(pod, container, exit.exitCode, isInit)) return verdict(isDue ? 'start' : 'wait')
  return verdict(exit.exitCode === 0 ? 'succeeded' : 'failed')
}

export function planContainers(pod: Pod, records: ContainerRecords, nowMs: number): ContainerPlan {
  const start: Container[] = []
  const backOff = new Map<Container, number>()
  const decide = (container: Container, isInit: boolean): Verdict['kind'] => {
    const record = records.get(container.name)
    const { kind } = judge(pod, container, { record, nowMs, isInit })
    if (kind === 'start') start.push(container)
    if (kind === 'wait') backOff.set(container, record?.retryAtMs ?? nowMs)
    return kind
  }
  const containers = pod.spec?.containers ?? []
  const hasBegun = containers.some(({ name }) => {
    const record = records.get(name)
    return record?.current && !record.isLost
  })
  for (const container of pod.spec?.initContainers ?? []) {
    // Once the main containers have been started, init containers are history; sidecars are kept running.
    if (hasBegun && !isSidecar(container)) continue
    const kind = decide(container, true)
    if (hasBegun || kind === 'succeeded') continue
    if (kind === 'failed') return { start, backOff, stage: 'failed' }
    if (kind === 'running' && isSidecar(container) && records.get(container.name)?.isStarted) continue
    return { start, backOff, stage: 'initializing' }
  }
  const verdicts = containers.map(container => decide(container, false))
  const ended = verdicts.every(kind => kind === 'succeeded' || kind === 'failed')
  if (!ended) return { start, backOff, stage: 'running' }
  return { start: [], backOff: new Map(), stage: 'completed' }
}
