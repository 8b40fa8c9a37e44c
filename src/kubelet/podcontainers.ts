// The containers of one Pod on one node: adopts, starts, probes and stops them, and remembers how they
// fared. The decisions are those of containerplan.ts.
import type { Container, Pod } from '../api/generated/types.ts'
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
import { imageName } from './image.ts'
import type { KubeletContext } from './kubeletcontext.ts'
import { type ContainerSubject, describeContainer, type PodEvents } from './podevents.ts'
import { terminatedState } from './podstatus.ts'
import { ContainerProbes } from './probes.ts'
import { type ContainerKind, type ContainerStart, RuntimeError } from './runtime.ts'

interface KindOf {
  readonly container: Container
  readonly kind: ContainerKind
}

/** How long a container that could not be started waits. */
const retryMs = 5000

export class PodContainers {
  readonly #context: KubeletContext
  readonly #events: PodEvents
  readonly records = new Map<string, ContainerRecord>()
  /** As the API has it. */
  pod: Pod
  /** Empty until there is a sandbox. */
  podIPs: readonly string[] = []
  #probes: ContainerProbes | undefined

  constructor(pod: Pod, context: KubeletContext, events: PodEvents) {
    this.pod = pod
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

  /** The kubelet was restarted: containers that the API knows to run go on. */
  async adopt(): Promise<void> {
    const { status } = this.pod
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
          startedAt: running.startedAt ?? '',
        })
        if (record.current) this.#probe(found.container, record)
      }
    }
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
      const run = this.records.get(container.name)?.current
      const wanted = imageName(container.image ?? '')?.image
      if (!run || run.exit || !wanted || run.image === wanted) continue
      const message = `Container ${container.name} definition changed, will be restarted`
      this.#events.killing(this.pod, describeContainer({ container, kind: 'main' }), message)
      const seconds = this.pod.spec?.terminationGracePeriodSeconds ?? 30
      await this.#context.runtime.stopContainer(this.#uid, container.name, seconds)
      this.#observe()
    }
  }

  async #startEphemeral(): Promise<void> {
    for (const container of (this.pod.spec?.ephemeralContainers ?? []) as Container[]) {
      if (!this.records.get(container.name)) await this.#start(container)
    }
  }

  async #checkProbes(probes: ContainerProbes): Promise<void> {
    for (const { name, message } of await probes.check()) {
      const found = this.#find(name)
      if (!found) continue
      this.#events.killing(this.pod, describeContainer(found), message)
      const seconds = this.pod.spec?.terminationGracePeriodSeconds ?? 30
      await this.#context.runtime.stopContainer(this.#uid, name, seconds)
    }
    this.#observe()
  }

  #showBackOff(container: Container): void {
    const record = this.#record(container.name)
    if (record.waiting || !record.current) return
    const { name } = container
    const pod = `${this.pod.metadata.name}_${this.pod.metadata.namespace}(${this.#uid})`
    const delay = record.backoffMs >= 60_000 ? formatMinutes(record.backoffMs) : `${record.backoffMs / 1000}s`
    record.waiting = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${delay} restarting failed container=${name} pod=${pod}`,
    }
    const found = this.#find(name)
    if (!found) return
    const text = `Back-off restarting failed container ${name} in pod ${pod}`
    this.#events.container(this.pod, describeContainer(found), 'Warning', {
      reason: 'BackOff',
      message: text,
    })
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
    const { clock, runtime } = this.#context
    const found = this.#find(container.name)
    if (!found) return false
    const record = this.#record(container.name)
    const previous = record.current
    const attempt = previous ? previous.attempt + 1 : 0
    const subject = describeContainer(found)
    try {
      const variables = hasReferences(container)
        ? { variables: await makeVariables(this.pod, container, this.#environmentContext()) }
        : {}
      const run = await runtime.startContainer(this.#startOf(found, attempt, variables))
      this.#events.started(this.pod, subject)
      if (previous) record.last = terminatedState(previous)
      if (previous) noteRestart(record, clock.now())
      record.current = run
      record.waiting = undefined
      if (run.exit) noteExit(record)
      else this.#probe(container, record)
      await this.#postStart(container, subject)
      return true
    } catch (error) {
      const isConfig = error instanceof ContainerConfigError
      if (!isConfig && !(error instanceof RuntimeError)) throw error
      const reason = isConfig ? 'CreateContainerConfigError' : error.reason
      record.waiting = { reason, message: error.message }
      record.retryAtMs = clock.now() + retryMs
      this.#events.failedStart(this.pod, subject, { reason, message: error.message, image: container.image })
      return false
    }
  }

  #run(container: string, command: readonly string[]) {
    const { namespace = '', name: pod = '' } = this.pod.metadata
    return this.#context.runtime.run({ namespace, pod, uid: this.#uid, container }, command)
  }

  /** A container whose hook fails is killed, and started again by its policy. */
  async #postStart(container: Container, subject: ContainerSubject): Promise<void> {
    const { exec, sleep } = container.lifecycle?.postStart ?? {}
    if (sleep) await this.#context.clock.sleep(sleep.seconds * 1000)
    if (!exec) return
    const { exitCode } = await this.#run(container.name, exec.command ?? [])
    if (exitCode === 0) return
    const failed = { reason: 'FailedPostStartHook', message: 'PostStartHook failed' }
    this.#events.container(this.pod, subject, 'Warning', failed)
    this.#events.killing(this.pod, subject, 'FailedPostStartHook')
    await this.#context.runtime.stopContainer(this.#uid, container.name, 0)
  }

  /** The hook has the grace period, together with the container's own end. */
  async #preStop(container: Container, gracePeriodSeconds: number): Promise<void> {
    const { exec, sleep } = container.lifecycle?.preStop ?? {}
    const { clock } = this.#context
    if (sleep) await clock.sleep(Math.min(sleep.seconds, gracePeriodSeconds) * 1000)
    if (!exec) return
    const late = clock.sleep(gracePeriodSeconds * 1000).then(() => undefined)
    const result = await Promise.race([this.#run(container.name, exec.command ?? []), late])
    if (!result || result.exitCode === 0) return
    const subject = describeContainer({ container, kind: 'main' })
    const failed = { reason: 'FailedPreStopHook', message: 'PreStopHook failed' }
    this.#events.container(this.pod, subject, 'Warning', failed)
  }

  /** Without probes a container is ready as soon as it runs. */
  #probe(container: Container, record: ContainerRecord): void {
    const { clock } = this.#context
    const hasProbes = container.startupProbe ?? container.readinessProbe ?? container.livenessProbe
    record.isStarted = !container.startupProbe
    record.isReady = record.isStarted && !container.readinessProbe
    if (!hasProbes) return
    this.#probes ??= new ContainerProbes({
      clock,
      run: (name, command) => this.#run(name, command),
      onUnhealthy: (name, message) => {
        const found = this.#find(name)
        const text = { reason: 'Unhealthy', message }
        if (found) this.#events.container(this.pod, describeContainer(found), 'Warning', text)
      },
    })
    this.#probes.add(container, record)
  }

  /** Main containers first, sidecars after them in reverse order. */
  async stopAll(): Promise<void> {
    const seconds =
      this.pod.metadata.deletionGracePeriodSeconds ?? this.pod.spec?.terminationGracePeriodSeconds
    const stop = async (container: Container) => {
      const run = this.records.get(container.name)?.current
      const found = this.#find(container.name)
      if (!run || run.exit || !found) return
      this.#events.killing(this.pod, describeContainer(found), `Stopping container ${container.name}`)
      await this.#preStop(container, seconds ?? 30)
      await this.#context.runtime.stopContainer(this.#uid, container.name, seconds ?? 30)
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

const formatMinutes = (ms: number) => {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
