// Startup, readiness and liveness probes of one Pod's containers: when they are due, and what follows from
// their results (upstream pkg/kubelet/prober). A simulated node has no network: there HTTP, TCP and gRPC
// probes find a server that answers, and exec probes run through the container's own command set.
import type { Container, Probe } from '../api/generated/types.ts'
import type { Clock } from '../component/clock.ts'
import type { ContainerRecord } from './containerplan.ts'
import type { NetworkProbes, ProbeResult } from './networkprobes.ts'
import type { CommandResult } from './runtime.ts'

export interface ProbesOptions {
  readonly clock: Clock
  readonly run: (
    container: string,
    command: readonly string[],
    options: { readonly timeoutMs: number },
  ) => Promise<CommandResult>
  /** Absent: the node is simulated. */
  readonly network?: NetworkProbes | undefined
  /** The Pod's primary address. */
  readonly host: () => string
  /** Something to tell; the message is that of the event. */
  readonly onEvent: (container: string, text: { readonly reason: string; readonly message: string }) => void
  /** An answer has come that nobody waited for. */
  readonly onChange: () => void
}

type ProbeKind = 'Startup' | 'Readiness' | 'Liveness'

interface Running {
  readonly container: Container
  readonly kind: ProbeKind
  readonly probe: Probe
  readonly record: ContainerRecord
  dueMs: number
  successes: number
  failures: number
  /** It has been asked and not answered. */
  isAsked: boolean
}

/** A container that must be restarted. */
export interface Unhealthy {
  readonly name: string
  readonly message: string
  /** The probe's own. */
  readonly gracePeriodSeconds?: number
}

/** On a simulated node a command finds the container's process at work. */
const firstExecMs = 1000
const mostOutput = 10 * 1024

const fields = { Startup: 'startupProbe', Readiness: 'readinessProbe', Liveness: 'livenessProbe' } as const

export class ContainerProbes {
  readonly #options: ProbesOptions
  #running: Running[] = []
  #unhealthy: Unhealthy[] = []

  constructor(options: ProbesOptions) {
    this.#options = options
  }

  /** When the next probe is due, in milliseconds since the epoch; Infinity: never. */
  get dueMs(): number {
    if (this.#unhealthy.length > 0) return this.#options.clock.now()
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...this.#running.filter(item => this.#isActive(item)).map(({ dueMs }) => dueMs),
    )
  }

  /** A container has been started. */
  add(container: Container, record: ContainerRecord): void {
    this.forget(container.name)
    const nowMs = this.#options.clock.now()
    for (const kind of ['Startup', 'Readiness', 'Liveness'] as const) {
      const probe = container[fields[kind]]
      if (kind === 'Startup' && record.isStarted) continue
      if (!probe || (kind === 'Liveness' && this.#isOnce(probe))) continue
      const delayMs = (probe.initialDelaySeconds ?? 0) * 1000
      const isLater = probe.exec && !this.#options.network
      const dueMs = nowMs + (isLater ? Math.max(firstExecMs, delayMs) : delayMs)
      const counts = { successes: 0, failures: 0, isAsked: false }
      this.#running.push({ container, kind, probe, record, dueMs, ...counts })
    }
  }

  /** What never fails on a simulated node is asked once. */
  #isOnce(probe: Probe): boolean {
    return !probe.exec && !this.#options.network
  }

  forget(container: string): void {
    this.#running = this.#running.filter(item => item.container.name !== container)
    this.#unhealthy = this.#unhealthy.filter(({ name }) => name !== container)
  }

  stop(): void {
    this.#running = []
    this.#unhealthy = []
  }

  /**
   * Starts what is due; returns the containers that have to be restarted. Answers of a real node are not
   * waited for.
   */
  async check(): Promise<Unhealthy[]> {
    const nowMs = this.#options.clock.now()
    const due = this.#running.filter(item => item.dueMs <= nowMs && this.#isActive(item))
    const asked = due.map(item => this.#ask(item))
    if (!this.#options.network) await Promise.all(asked)
    return this.#unhealthy.splice(0)
  }

  /** Until the startup probe has succeeded the others wait. */
  #isActive({ kind, record, isAsked }: Running): boolean {
    return !isAsked && (kind === 'Startup' ? !record.isStarted : record.isStarted)
  }

  async #ask(item: Running): Promise<void> {
    const { container, kind, probe } = item
    item.isAsked = true
    const result = await this.#probe(item).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      const message = `${kind} probe errored and resulted in unknown state: ${why}`
      this.#options.onEvent(container.name, { reason: 'Unhealthy', message })
      return undefined
    })
    item.isAsked = false
    item.dueMs = this.#options.clock.now() + (probe.periodSeconds ?? 10) * 1000
    // The container may have been restarted meanwhile, or the Pod given up.
    if (!this.#running.includes(item)) return
    if (result) this.#apply(item, result)
    if (this.#options.network) this.#options.onChange()
  }

  /** Rejects when it cannot be said how the container is. */
  async #probe({ container, probe }: Running): Promise<ProbeResult> {
    const { network, host, run } = this.#options
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
    if (probe.exec)
      return execResult(await run(container.name, probe.exec.command ?? [], { timeoutMs }), probe)
    if (!network) return { outcome: 'success', output: '' }
    const ports = new Map(
      (container.ports ?? []).map(({ name = '', containerPort }) => [name, containerPort]),
    )
    const target = { host: host(), ports, timeoutMs }
    if (probe.httpGet) return network.http(probe.httpGet, target)
    if (probe.tcpSocket) return network.tcp(probe.tcpSocket, target)
    if (probe.grpc) return network.grpc(probe.grpc, target)
    throw new Error(`missing probe handler for ${container.name}`)
  }

  #apply(item: Running, { outcome, output }: ProbeResult): void {
    const { container, kind, probe, record } = item
    const { name } = container
    const said = output.slice(0, mostOutput)
    if (outcome !== 'failure') {
      if (outcome === 'warning') {
        this.#options.onEvent(name, { reason: 'ProbeWarning', message: `${kind} probe warning: ${said}` })
      }
      item.failures = 0
      item.successes++
      if (item.successes < (probe.successThreshold ?? 1)) return
      if (kind === 'Startup') this.#markStarted(item)
      else if (kind === 'Readiness') record.isReady = true
      if (this.#isOnce(probe)) this.#running = this.#running.filter(other => other !== item)
      return
    }
    item.successes = 0
    item.failures++
    this.#options.onEvent(name, { reason: 'Unhealthy', message: `${kind} probe failed: ${said}` })
    if (item.failures < (probe.failureThreshold ?? 3)) return
    if (kind === 'Readiness') {
      record.isReady = false
      return
    }
    const message = `Container ${name} failed ${kind.toLowerCase()} probe, will be restarted`
    const seconds = probe.terminationGracePeriodSeconds
    this.#unhealthy.push({ name, message, ...(seconds === undefined ? {} : { gracePeriodSeconds: seconds }) })
    // Not asked again until it has been restarted.
    item.dueMs = Number.POSITIVE_INFINITY
  }

  #markStarted({ container, record }: Running): void {
    record.isStarted = true
    const hasReadiness = this.#running.some(
      item => item.container.name === container.name && item.kind === 'Readiness',
    )
    record.isReady = !hasReadiness
  }
}

function execResult(result: CommandResult, { exec, timeoutSeconds = 1 }: Probe): ProbeResult {
  switch (result.type) {
    case 'exited':
      return { outcome: result.exitCode === 0 ? 'success' : 'failure', output: result.output }
    case 'timedOut': {
      const command = JSON.stringify((exec?.command ?? []).join(' '))
      return {
        outcome: 'failure',
        output: `command timed out: ${command} timed out after ${timeoutSeconds}s`,
      }
    }
    case 'failed':
      throw new Error(result.message)
  }
}
