// One Pod on one node: brings what runs in line with what the API says, one step at a time, and reports it.
// Woken by changes of the Pod, by containers that end and by its own timer; never works twice at once.
import type { Container, Pod, PodStatus } from '../api/generated/types.ts'
import { formatTime, parseTime } from '../api/meta/timestamps.ts'
import type { Timer } from '../component/clock.ts'
import { type EnvironmentContext, makeEnvironment, makeVariables } from './containerenvironment.ts'
import {
  type ContainerPlan,
  type ContainerRecord,
  newRecord,
  noteExit,
  noteRestart,
  planContainers,
} from './containerplan.ts'
import { ContainerConfigError, hasReferences } from './environment.ts'
import type { KubeletContext } from './kubeletcontext.ts'
import { describeContainer, PodEvents } from './podevents.ts'
import { type PodStatusInput, planPodStatus, terminatedState } from './podstatus.ts'
import { ContainerProbes } from './probes.ts'
import { type ContainerKind, type ContainerStart, RuntimeError } from './runtime.ts'
import { checkVolumes, hasVolumeReferences } from './volumes/index.ts'
import { VolumeError } from './volumes/volume.ts'

const firstRetryMs = 500
const lastRetryMs = 122_000
const isFinished = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

interface KindOf {
  readonly container: Container
  readonly kind: ContainerKind
}

export class PodWorker {
  readonly #context: KubeletContext
  readonly #events: PodEvents
  #pod: Pod
  #records = new Map<string, ContainerRecord>()
  #podIPs: readonly string[] = []
  #probes: ContainerProbes | undefined
  #timer: Timer | undefined
  #retryMs = 0
  #isDirty = false
  #isWorking = false
  #isGone = false
  #isKilled = false
  #override: PodStatusInput['override']
  readonly #startTime: string

  constructor(pod: Pod, context: KubeletContext) {
    this.#pod = pod
    this.#context = context
    this.#events = new PodEvents(context.events)
    this.#startTime = pod.status?.startTime ?? formatTime(context.clock.now())
  }

  get pod(): Pod {
    return this.#pod
  }

  /** The Pod as the API has it now; an older one changes nothing. */
  update(pod: Pod): void {
    if (Number(pod.metadata.resourceVersion) < Number(this.#pod.metadata.resourceVersion)) return
    const ownWrite = pod.metadata.resourceVersion === this.#pod.metadata.resourceVersion
    this.#pod = pod
    if (!ownWrite) this.wake()
  }

  /** Looks again, soon. */
  wake(): void {
    this.#isDirty = true
    if (!this.#isWorking && !this.#isGone) void this.#work()
  }

  /** The Pod exists no more: nothing of it is left running. */
  async forget(): Promise<void> {
    this.#isGone = true
    this.#timer?.cancel()
    this.#probes?.stop()
    await this.#context.runtime.removePod(this.#pod.metadata.uid ?? '')
  }

  /** Lets go of timers; what runs goes on. */
  detach(): void {
    this.#isGone = true
    this.#timer?.cancel()
    this.#probes?.stop()
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    try {
      while (this.#isDirty && !this.#isGone) {
        this.#isDirty = false
        await this.#sync()
      }
    } catch (error) {
      this.#context.log.debug('a Pod could not be synchronised', { pod: this.#key, error: String(error) })
      this.#retry()
    } finally {
      this.#isWorking = false
    }
  }

  get #key(): string {
    return `${this.#pod.metadata.namespace}/${this.#pod.metadata.name}`
  }

  get #uid(): string {
    return this.#pod.metadata.uid ?? ''
  }

  #retry(): void {
    this.#retryMs = Math.min(Math.max(firstRetryMs, this.#retryMs * 2), lastRetryMs)
    this.#wakeAfter(this.#retryMs)
  }

  #wakeAfter(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#context.clock.after(Math.max(0, delayMs), () => this.wake())
  }

  async #sync(): Promise<void> {
    const pod = this.#pod
    if (pod.metadata.deletionTimestamp) return this.#terminate()
    if (isFinished(pod)) return this.#finish()
    const deadlineMs = this.#deadlineMs()
    if (deadlineMs <= this.#context.clock.now()) return this.#exceedDeadline()
    if (!(await this.#prepare())) return
    const plan = await this.#runContainers()
    if (plan.stage === 'completed' || plan.stage === 'failed') await this.#stopAll()
    await this.#report()
    this.#retryMs = 0
    this.#armTimer(plan, deadlineMs)
  }

  #armTimer(plan: ContainerPlan, deadlineMs: number): void {
    const due = Math.min(
      deadlineMs,
      ...plan.backOff.values(),
      this.#probes?.dueMs ?? Number.POSITIVE_INFINITY,
    )
    if (due === Number.POSITIVE_INFINITY) this.#timer?.cancel()
    else this.#wakeAfter(due - this.#context.clock.now())
  }

  #deadlineMs(): number {
    const seconds = this.#pod.spec?.activeDeadlineSeconds
    if (seconds === undefined) return Number.POSITIVE_INFINITY
    return (parseTime(this.#startTime) ?? 0) + seconds * 1000
  }

  /** Volumes and sandbox; false when the Pod has to wait for them. */
  async #prepare(): Promise<boolean> {
    const { runtime, references } = this.#context
    if (this.#podIPs.length > 0) return true
    try {
      if (hasVolumeReferences(this.#pod)) await checkVolumes({ pod: this.#pod, references })
      this.#podIPs = await runtime.createSandbox(this.#pod)
      if (this.#pod.status?.containerStatuses?.length) await this.#adopt()
      return true
    } catch (error) {
      if (error instanceof VolumeError) this.#events.failedMount(this.#pod, error.message)
      else if (error instanceof RuntimeError) this.#events.warn(this.#pod, error.reason, error.message)
      else throw error
      await this.#report()
      this.#retry()
      return false
    }
  }

  /** The kubelet was restarted: containers that the API knows to run go on. */
  async #adopt(): Promise<void> {
    const { status } = this.#pod
    const known = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    for (const { name, containerID, image, imageID, restartCount, state, lastState } of known) {
      const found = this.#find(name)
      const run = { name, id: containerID ?? '', image, imageID, attempt: restartCount }
      if (!found || !containerID) continue
      const record = this.#record(name)
      record.last = lastState?.terminated
      const { running, terminated } = state ?? {}
      if (terminated) {
        const { exitCode, reason = 'Completed', message, startedAt = '', finishedAt = '' } = terminated
        record.current = { ...run, startedAt, exit: { exitCode, reason, message, finishedAt } }
      } else if (running) {
        const start = this.#startOf(found, restartCount, {})
        record.current = await this.#context.runtime.adoptContainer(start, {
          ...run,
          startedAt: running.startedAt ?? this.#startTime,
        })
        if (record.current) this.#probe(found.container, record)
      }
    }
  }

  #record(name: string): ContainerRecord {
    let record = this.#records.get(name)
    if (!record) {
      record = newRecord()
      this.#records.set(name, record)
    }
    return record
  }

  #find(name: string): KindOf | undefined {
    const { spec } = this.#pod
    const inside = (list: readonly Container[] | undefined, kind: ContainerKind) => {
      const container = list?.find(other => other.name === name)
      return container && { container, kind }
    }
    return (
      inside(spec?.containers, 'main') ??
      inside(spec?.initContainers, 'init') ??
      inside(spec?.ephemeralContainers as Container[] | undefined, 'ephemeral')
    )
  }

  /** Takes note of containers that have ended. */
  #observe(): void {
    for (const run of this.#context.runtime.containers(this.#uid)) {
      const record = this.#records.get(run.name)
      if (!record?.current || record.current.id !== run.id || record.current.exit || !run.exit) continue
      record.current = run
      noteExit(record)
      this.#probes?.forget(run.name)
    }
  }

  /** Starts what is due, until nothing more is. */
  async #runContainers(): Promise<ContainerPlan> {
    await this.#startEphemeral()
    for (;;) {
      this.#observe()
      if (this.#probes) await this.#checkProbes(this.#probes)
      const plan = planContainers(this.#pod, this.#records, this.#context.clock.now())
      let hasStarted = false
      for (const container of plan.start) hasStarted = (await this.#start(container)) || hasStarted
      if (hasStarted) continue
      for (const container of plan.backOff.keys()) this.#showBackOff(container)
      return planContainers(this.#pod, this.#records, this.#context.clock.now())
    }
  }

  async #startEphemeral(): Promise<void> {
    for (const container of (this.#pod.spec?.ephemeralContainers ?? []) as Container[]) {
      if (!this.#records.get(container.name)) await this.#start(container)
    }
  }

  async #checkProbes(probes: ContainerProbes): Promise<void> {
    for (const { name, message } of await probes.check()) {
      const found = this.#find(name)
      if (!found) continue
      this.#events.killing(this.#pod, describeContainer(found), message)
      const seconds = this.#pod.spec?.terminationGracePeriodSeconds ?? 30
      await this.#context.runtime.stopContainer(this.#uid, name, seconds)
    }
    this.#observe()
  }

  #showBackOff(container: Container): void {
    const record = this.#record(container.name)
    if (record.waiting || !record.current) return
    const { name } = container
    const pod = `${this.#pod.metadata.name}_${this.#pod.metadata.namespace}(${this.#uid})`
    const delay = record.backoffMs >= 60_000 ? formatMinutes(record.backoffMs) : `${record.backoffMs / 1000}s`
    record.waiting = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${delay} restarting failed container=${name} pod=${pod}`,
    }
    const found = this.#find(name)
    if (!found) return
    const text = `Back-off restarting failed container ${name} in pod ${pod}`
    this.#events.container(this.#pod, describeContainer(found), 'Warning', {
      reason: 'BackOff',
      message: text,
    })
  }

  #environmentContext(startedAt?: string): EnvironmentContext {
    const { node, references, services, dns } = this.#context
    return {
      podIPs: this.#podIPs,
      hostIPs: node.addresses,
      allocatable: node.allocatable,
      nodeName: node.name,
      references,
      services,
      dns,
      ...(startedAt ? { startedAt } : {}),
    }
  }

  #startOf({ container, kind }: KindOf, attempt: number, extra: Partial<EnvironmentContext>): ContainerStart {
    const pod = this.#pod
    const context = { ...this.#environmentContext(formatTime(this.#context.clock.now())), ...extra }
    return { pod, container, kind, attempt, environment: () => makeEnvironment(pod, container, context) }
  }

  /** False when it could not be started; it is tried again later. */
  async #start(container: Container): Promise<boolean> {
    const { clock, runtime } = this.#context
    const found = this.#find(container.name)
    if (!found) return false
    const record = this.#record(container.name)
    const previous = record.current
    const attempt = previous ? previous.attempt + 1 : 0
    const subject = describeContainer(found)
    try {
      const variables = hasReferences(container)
        ? { variables: await makeVariables(this.#pod, container, this.#environmentContext()) }
        : {}
      const run = await runtime.startContainer(this.#startOf(found, attempt, variables))
      this.#events.started(this.#pod, subject, container)
      if (previous) record.last = terminatedState(previous)
      if (previous) noteRestart(record, clock.now())
      record.current = run
      record.waiting = undefined
      this.#probe(container, record)
      return true
    } catch (error) {
      const isConfig = error instanceof ContainerConfigError
      if (!isConfig && !(error instanceof RuntimeError)) throw error
      const reason = isConfig ? 'CreateContainerConfigError' : error.reason
      record.waiting = { reason, message: error.message }
      record.retryAtMs = clock.now() + Math.max(firstRetryMs, this.#retryMs || 5000)
      this.#events.failedStart(this.#pod, subject, { reason, message: error.message, image: container.image })
      return false
    }
  }

  /** Without probes a container is ready as soon as it runs. */
  #probe(container: Container, record: ContainerRecord): void {
    const { clock, runtime } = this.#context
    const hasProbes = container.startupProbe ?? container.readinessProbe ?? container.livenessProbe
    record.isStarted = !container.startupProbe
    record.isReady = record.isStarted && !container.readinessProbe
    if (!hasProbes) return
    const { namespace = '', name: pod = '' } = this.#pod.metadata
    this.#probes ??= new ContainerProbes({
      clock,
      run: (name, command) => runtime.run({ namespace, pod, uid: this.#uid, container: name }, command),
      onUnhealthy: (name, message) => {
        const found = this.#find(name)
        const text = { reason: 'Unhealthy', message }
        if (found) this.#events.container(this.#pod, describeContainer(found), 'Warning', text)
      },
    })
    this.#probes.add(container, record)
  }

  async #exceedDeadline(): Promise<void> {
    await this.#end({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    })
  }

  async #end(override: NonNullable<PodStatusInput['override']>): Promise<void> {
    this.#override = override
    await this.#stopAll()
    await this.#report()
    await this.#context.runtime.stopSandbox(this.#uid)
  }

  /** A Pod that has come to its end keeps its logs, not its addresses. */
  async #finish(): Promise<void> {
    this.#timer?.cancel()
    this.#probes?.stop()
    await this.#context.runtime.stopSandbox(this.#uid)
  }

  /** Main containers first, sidecars after them in reverse order. */
  async #stopAll(): Promise<void> {
    const seconds =
      this.#pod.metadata.deletionGracePeriodSeconds ?? this.#pod.spec?.terminationGracePeriodSeconds
    const stop = async (container: Container) => {
      const run = this.#records.get(container.name)?.current
      const found = this.#find(container.name)
      if (!run || run.exit || !found) return
      this.#events.killing(this.#pod, describeContainer(found), `Stopping container ${container.name}`)
      await this.#context.runtime.stopContainer(this.#uid, container.name, seconds ?? 30)
    }
    this.#probes?.stop()
    const { spec } = this.#pod
    await Promise.all(
      [...(spec?.containers ?? []), ...((spec?.ephemeralContainers ?? []) as Container[])].map(stop),
    )
    for (const container of [...(spec?.initContainers ?? [])].reverse()) await stop(container)
    this.#observe()
  }

  async #terminate(): Promise<void> {
    const { client, runtime } = this.#context
    if (this.#isKilled) return
    const hadSandbox = this.#podIPs.length > 0
    if (!hadSandbox && this.#pod.status?.containerStatuses?.length && !isFinished(this.#pod)) {
      this.#podIPs = await runtime.createSandbox(this.#pod)
      await this.#adopt()
    }
    await this.#stopAll()
    if (hadSandbox && !isFinished(this.#pod)) await this.#report()
    await runtime.stopSandbox(this.#uid)
    if (this.#isGone) return
    await client.deletePod(this.#pod)
    this.#isKilled = true
    this.#timer?.cancel()
  }

  /** Writes the status if it says anything new. */
  async #report(): Promise<void> {
    if (this.#isGone) return
    const { clock, node, client } = this.#context
    const status: PodStatus = planPodStatus({
      pod: this.#pod,
      records: this.#records,
      podIPs: this.#podIPs,
      hostIPs: node.addresses,
      startTime: this.#startTime,
      nowMs: clock.now(),
      ...(this.#override ? { override: this.#override } : {}),
    })
    const written = await client.writeStatus(this.#pod, status)
    if (written && Number(written.metadata.resourceVersion) > Number(this.#pod.metadata.resourceVersion)) {
      const changed = written.metadata.deletionTimestamp && !this.#pod.metadata.deletionTimestamp
      this.#pod = written
      if (changed) this.#isDirty = true
    }
  }
}

const formatMinutes = (ms: number) => {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
