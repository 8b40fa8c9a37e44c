// The containers of one Pod on one node: adopts, starts, probes and stops them, and remembers how they
// fared. The decisions are those of containerplan.ts.
import type { Container, ContainerStatus, LifecycleHandler, Pod } from '../api/generated/types.ts'
import { formatTime } from '../api/meta/timestamps.ts'
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
import { type HookContext, runHook } from './hooks.ts'
import type { KubeletContext } from './kubeletcontext.ts'
import { type ContainerSubject, describeBackOff, describeContainer, type PodEvents } from './podevents.ts'
import { terminatedState } from './podstatus.ts'
import { ContainerProbes } from './probes.ts'
import { type ContainerKind, type ContainerStart, type RuntimeContainer, RuntimeError } from './runtime.ts'

interface KindOf {
  readonly container: Container
  readonly kind: ContainerKind
}

/** How long a container that could not be started waits. */
const retryMs = 5000
/** What a container has at least, when hooks or others took their time: upstream's minimum. */
const leastGraceSeconds = 2
/** A hook after the start may take as long as it likes. */
const longestHookMs = 86_400_000

export class PodContainers {
  readonly #context: KubeletContext
  readonly #events: PodEvents
  readonly records = new Map<string, ContainerRecord>()
  /** As the API has it. */
  pod: Pod
  /** Empty until there is a sandbox. */
  podIPs: readonly string[] = []
  #probes: ContainerProbes | undefined
  #interruption = new AbortController()
  readonly #wake: () => void

  constructor(pod: Pod, context: KubeletContext, { events, wake }: { events: PodEvents; wake: () => void }) {
    this.pod = pod
    this.#wake = wake
    this.#context = context
    this.#events = events
  }

  get #uid(): string {
    return this.pod.metadata.uid ?? ''
  }

  /** When the next probe is due, in milliseconds since the epoch; Infinity: never. */
  get probeDueMs(): number {
    return this.#probes?.dueMs ?? Number.POSITIVE_INFINITY
  }

  stopProbes(): void {
    this.#probes?.stop()
  }

  /** The kubelet was restarted: what runs goes on, and what has ended is taken note of. */
  async adopt(): Promise<void> {
    const { runtime } = this.#context
    const { initContainerStatuses, containerStatuses, ephemeralContainerStatuses } = this.pod.status ?? {}
    const known = [initContainerStatuses, containerStatuses, ephemeralContainerStatuses].flatMap(
      statuses => statuses ?? [],
    )
    for (const status of known) {
      this.#record(status.name).last = status.lastState?.terminated
      if (status.containerID) await this.#adoptKnown(status, status.containerID)
    }
    // What was started last may not have been reported any more.
    for (const run of runtime.containers(this.#uid)) {
      const before = this.records.get(run.name)?.current
      if (!before || run.attempt > before.attempt) this.#adoptRun(run)
    }
  }

  async #adoptKnown(status: ContainerStatus, id: string): Promise<void> {
    const { name, image, imageID, restartCount, state } = status
    const found = this.#find(name)
    if (!found) return
    const run = { name, id, image, imageID, attempt: restartCount }
    const { running, terminated } = state ?? {}
    if (terminated) {
      const { exitCode, reason = 'Completed', message, startedAt = '', finishedAt = '' } = terminated
      this.#record(name).current = { ...run, startedAt, exit: { exitCode, reason, message, finishedAt } }
    } else if (running) {
      const start = this.#startOf(found, restartCount, {})
      const startedAt = running.startedAt ?? ''
      const adopted = await this.#context.runtime.adoptContainer(start, { ...run, startedAt })
      if (adopted) this.#adoptRun(adopted, status)
    }
  }

  /** With what its probes have said so far. */
  #adoptRun(run: RuntimeContainer, status?: ContainerStatus): void {
    const found = this.#find(run.name)
    if (!found) return
    const record = this.#record(run.name)
    record.current = run
    record.image = found.container.image
    if (run.exit) noteExit(record)
    else this.#probe(found.container, record, status)
  }

  #record(name: string): ContainerRecord {
    let record = this.records.get(name)
    if (!record) {
      record = newRecord()
      this.records.set(name, record)
    }
    return record
  }

  #find(name: string): KindOf | undefined {
    const { spec } = this.pod
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
      const record = this.records.get(run.name)
      if (!record?.current || record.current.id !== run.id || record.current.exit || !run.exit) continue
      record.current = run
      noteExit(record)
      this.#probes?.forget(run.name)
    }
  }

  /** Starts what is due, until nothing more is. */
  async run(): Promise<ContainerPlan> {
    await this.#startEphemeral()
    for (;;) {
      this.#observe()
      await this.#stopOutdated()
      if (this.#probes) await this.#checkProbes(this.#probes)
      const plan = planContainers(this.pod, this.records, this.#context.clock.now())
      let hasStarted = false
      for (const container of plan.start) hasStarted = (await this.#start(container)) || hasStarted
      if (hasStarted) continue
      for (const container of plan.backOff.keys()) this.#showBackOff(container)
      return planContainers(this.pod, this.records, this.#context.clock.now())
    }
  }

  /** `kubectl set image` on a Pod: what runs is no longer what is wanted. */
  async #stopOutdated(): Promise<void> {
    for (const container of this.pod.spec?.containers ?? []) {
      const record = this.records.get(container.name)
      const run = record?.current
      if (!run || run.exit || record.image === container.image) continue
      await this.#kill(container.name, {
        message: `Container ${container.name} definition changed, will be restarted`,
      })
    }
  }

  /** The hook before the end, and the end, share the grace period. */
  async #kill(name: string, options: { readonly message: string; readonly seconds?: number | undefined }) {
    const found = this.#find(name)
    if (!found) return
    const seconds = options.seconds ?? this.#gracePeriodSeconds
    const { clock, runtime } = this.#context
    const beganMs = clock.monotonic()
    this.#events.killing(this.pod, describeContainer(found), options.message)
    await this.#preStop(found, seconds)
    const left = seconds - Math.floor((clock.monotonic() - beganMs) / 1000)
    const least = Math.min(seconds, leastGraceSeconds)
    await runtime.stopContainer(this.#uid, name, Math.max(least, left))
    this.#observe()
  }

  get #gracePeriodSeconds(): number {
    const { metadata, spec } = this.pod
    return metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30
  }

  /** The sandbox is lost, and all that ran in it: the Pod begins anew, as far as its policy allows. */
  loseSandbox(): void {
    this.podIPs = []
    this.#observe()
    this.#probes?.stop()
    const finishedAt = formatTime(this.#context.clock.now())
    for (const record of this.records.values()) {
      record.isLost = this.pod.spec?.restartPolicy !== 'Never'
      if (!record.current || record.current.exit) continue
      record.current = { ...record.current, exit: { exitCode: 137, reason: 'Error', finishedAt } }
      noteExit(record)
    }
  }

  async #startEphemeral(): Promise<void> {
    for (const container of (this.pod.spec?.ephemeralContainers ?? []) as Container[]) {
      if (!this.records.get(container.name)) await this.#start(container)
    }
  }

  async #checkProbes(probes: ContainerProbes): Promise<void> {
    for (const { name, message, gracePeriodSeconds } of await probes.check()) {
      await this.#kill(name, { message, seconds: gracePeriodSeconds })
    }
    this.#observe()
  }

  #showBackOff({ name }: Container): void {
    const record = this.#record(name)
    if (record.waiting || !record.current) return
    const { waiting, event } = describeBackOff(this.pod, name, record.backoffMs)
    record.waiting = waiting
    const found = this.#find(name)
    if (found) this.#events.container(this.pod, describeContainer(found), 'Warning', event)
  }

  #environmentContext(startedAt?: string): EnvironmentContext {
    const { node, references, services, dns, nodeHosts, volumes } = this.#context
    return {
      podIPs: this.podIPs,
      hostIPs: node.addresses,
      allocatable: node.allocatable,
      nodeName: node.name,
      references,
      services,
      dns,
      nodeHosts,
      volumes,
      ...(startedAt ? { startedAt } : {}),
    }
  }

  /** Always of the Pod as it is now: a runtime that keeps it keeps no old version alive. */
  #startOf(found: KindOf, attempt: number, extra: Partial<EnvironmentContext>): ContainerStart {
    const podNow = () => this.pod
    const { kind } = found
    const { name } = found.container
    const containerNow = () => this.#find(name)?.container ?? { name }
    const startedAt = formatTime(this.#context.clock.now())
    const environment = () =>
      makeEnvironment(podNow(), containerNow(), { ...this.#environmentContext(startedAt), ...extra })
    return {
      get pod() {
        return podNow()
      },
      get container() {
        return containerNow()
      },
      kind,
      attempt,
      environment,
      report: step =>
        this.#events.step(this.pod, describeContainer(found), { step, image: containerNow().image ?? '' }),
    }
  }

  /** False when it could not be started; it is tried again later. */
  async #start(container: Container): Promise<boolean> {
    const { runtime } = this.#context
    const found = this.#find(container.name)
    if (!found) return false
    const record = this.#record(container.name)
    const attempt = record.current ? record.current.attempt + 1 : 0
    const subject = describeContainer(found)
    try {
      const variables = hasReferences(container)
        ? { variables: await makeVariables(this.pod, container, this.#environmentContext()) }
        : {}
      const run = await runtime.startContainer(this.#startOf(found, attempt, variables))
      this.#events.started(this.pod, subject)
      this.#noteStart(container, run)
      if (!run.exit) this.#probe(container, record)
      await this.#postStart(container, subject)
      return true
    } catch (error) {
      const isConfig = error instanceof ContainerConfigError
      if (!isConfig && !(error instanceof RuntimeError)) throw error
      const reason = isConfig ? 'CreateContainerConfigError' : error.reason
      this.#noteFailure(container, { reason, message: error.message })
      this.#events.failedStart(this.pod, subject, { reason, message: error.message, image: container.image })
      return false
    }
  }

  #noteStart(container: Container, run: RuntimeContainer): void {
    const record = this.#record(container.name)
    if (record.current) {
      record.last = terminatedState(record.current)
      noteRestart(record, this.#context.clock.now())
    }
    record.current = run
    record.image = container.image
    record.isLost = false
    record.waiting = undefined
    if (run.exit) noteExit(record)
  }

  /** One that was made and then could not begin has run all the same, for a moment, and ended. */
  #noteFailure(container: Container, waiting: { readonly reason: string; readonly message: string }): void {
    const { clock, runtime } = this.#context
    const record = this.#record(container.name)
    const run = runtime.containers(this.#uid).find(({ name }) => name === container.name)
    const isNew = run?.exit && run.id !== record.current?.id
    if (isNew) this.#noteStart(container, run)
    else record.retryAtMs = clock.now() + retryMs
    const isOver = isNew && this.pod.spec?.restartPolicy === 'Never'
    record.waiting = isOver ? undefined : waiting
  }

  #run(container: string, command: readonly string[], options: { readonly timeoutMs: number }) {
    const { namespace = '', name: pod = '' } = this.pod.metadata
    return this.#context.runtime.run({ namespace, pod, uid: this.#uid, container }, command, options)
  }

  #hook(container: Container, handler: LifecycleHandler, timeoutMs: number): Promise<boolean> {
    const { clock, network } = this.#context
    const host = this.podIPs[0] ?? ''
    const run: HookContext['run'] = (name, command, options) => this.#run(name, command, options)
    const { signal } = this.#interruption
    return runHook(handler, { clock, container, run, network, host, timeoutMs, signal })
  }

  /** A container whose hook fails is killed, and started again by its policy. */
  async #postStart(container: Container, subject: ContainerSubject): Promise<void> {
    const handler = container.lifecycle?.postStart
    if (!handler || (await this.#hook(container, handler, longestHookMs))) return
    if (this.#interruption.signal.aborted) return
    const failed = { reason: 'FailedPostStartHook', message: 'PostStartHook failed' }
    this.#events.container(this.pod, subject, 'Warning', failed)
    await this.#kill(container.name, { message: 'FailedPostStartHook', seconds: 0 })
  }

  async #preStop(found: KindOf, seconds: number): Promise<void> {
    const handler = found.container.lifecycle?.preStop
    if (!handler || seconds === 0 || (await this.#hook(found.container, handler, seconds * 1000))) return
    const failed = { reason: 'FailedPreStopHook', message: 'PreStopHook failed' }
    this.#events.container(this.pod, describeContainer(found), 'Warning', failed)
  }

  /** Nobody waits for hooks of containers that are to be stopped. */
  interrupt(): void {
    this.#interruption.abort(new Error('The Pod is deleted'))
  }

  /** Without probes a container is ready as soon as it runs; an adopted one is as it was. */
  #probe(container: Container, record: ContainerRecord, known?: ContainerStatus): void {
    const { clock, network } = this.#context
    const hasProbes = container.startupProbe ?? container.readinessProbe ?? container.livenessProbe
    record.isStarted = known?.started ?? !container.startupProbe
    record.isReady = known?.ready ?? (record.isStarted && !container.readinessProbe)
    if (!hasProbes) return
    this.#probes ??= new ContainerProbes({
      clock,
      network,
      host: () => this.podIPs[0] ?? '',
      run: (name, command, options) => this.#run(name, command, options),
      onEvent: (name, text) => {
        const found = this.#find(name)
        if (found) this.#events.container(this.pod, describeContainer(found), 'Warning', text)
      },
      onChange: () => this.#wake(),
    })
    this.#probes.add(container, record)
  }

  /** Main containers first, sidecars after them in reverse order, all within one grace period. */
  async stopAll(): Promise<void> {
    const { clock } = this.#context
    const endMs = clock.monotonic() + this.#gracePeriodSeconds * 1000
    this.#interruption = new AbortController()
    const stop = async ({ name }: Container) => {
      const run = this.records.get(name)?.current
      if (!run || run.exit) return
      const left = Math.ceil((endMs - clock.monotonic()) / 1000)
      const least = Math.min(this.#gracePeriodSeconds, leastGraceSeconds)
      await this.#kill(name, { message: `Stopping container ${name}`, seconds: Math.max(left, least) })
    }
    this.#probes?.stop()
    const { spec } = this.pod
    await Promise.all(
      [...(spec?.containers ?? []), ...((spec?.ephemeralContainers ?? []) as Container[])].map(stop),
    )
    for (const container of [...(spec?.initContainers ?? [])].reverse()) await stop(container)
    this.#observe()
  }
}
