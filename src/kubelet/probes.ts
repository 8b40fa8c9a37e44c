// Startup, readiness and liveness probes on simulated containers: exec probes run for real, through the
// container's own command set; HTTP, TCP and gRPC probes find a server that answers. Delays, periods and
// thresholds are those of the probe.
import type { Container, Probe } from '../api/generated/types.ts'
import type { Clock } from '../component/clock.ts'
import type { ContainerRecord } from './containerplan.ts'

export interface ProbesOptions {
  readonly clock: Clock
  readonly run: (
    container: string,
    command: readonly string[],
  ) => Promise<{ readonly exitCode: number; readonly output: string }>
  /** A probe has failed; the message is that of the event. */
  readonly onUnhealthy: (container: string, message: string) => void
}

type ProbeKind = 'Startup' | 'Readiness' | 'Liveness'

interface Running {
  readonly container: string
  readonly kind: ProbeKind
  readonly probe: Probe
  readonly record: ContainerRecord
  dueMs: number
  successes: number
  failures: number
}

/** A container that must be restarted. */
export interface Unhealthy {
  readonly name: string
  readonly message: string
}

/** A command finds the container's process at work. */
const firstExecMs = 1000

const fields = { Startup: 'startupProbe', Readiness: 'readinessProbe', Liveness: 'livenessProbe' } as const

/** What fails never changes unless something is run: such probes are asked once. */
const isOnce = (probe: Probe) => !probe.exec

export class ContainerProbes {
  readonly #options: ProbesOptions
  #running: Running[] = []

  constructor(options: ProbesOptions) {
    this.#options = options
  }

  /** When the next probe is due, in milliseconds since the epoch; Infinity: never. */
  get dueMs(): number {
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
      if (!probe || (kind === 'Liveness' && isOnce(probe))) continue
      const delayMs = (probe.initialDelaySeconds ?? 0) * 1000
      const dueMs = nowMs + (probe.exec ? Math.max(firstExecMs, delayMs) : delayMs)
      this.#running.push({ container: container.name, kind, probe, record, dueMs, successes: 0, failures: 0 })
    }
  }

  forget(container: string): void {
    this.#running = this.#running.filter(item => item.container !== container)
  }

  stop(): void {
    this.#running = []
  }

  /** Runs what is due; returns the containers that have to be restarted. */
  async check(): Promise<Unhealthy[]> {
    const unhealthy: Unhealthy[] = []
    for (const item of [...this.#running]) {
      if (item.dueMs > this.#options.clock.now() || !this.#isActive(item)) continue
      const verdict = await this.#probe(item)
      if (verdict) unhealthy.push(verdict)
    }
    return unhealthy
  }

  /** Until the startup probe has succeeded the others wait. */
  #isActive({ kind, record }: Running): boolean {
    return kind === 'Startup' ? !record.isStarted : record.isStarted
  }

  async #probe(item: Running): Promise<Unhealthy | undefined> {
    const { container, kind, probe, record } = item
    const result = probe.exec
      ? await this.#options.run(container, probe.exec.command ?? [])
      : { exitCode: 0, output: '' }
    item.dueMs = this.#options.clock.now() + (probe.periodSeconds ?? 10) * 1000
    if (result.exitCode === 0) {
      item.failures = 0
      item.successes++
      if (item.successes < (probe.successThreshold ?? 1)) return undefined
      if (kind === 'Startup') this.#markStarted(item)
      else if (kind === 'Readiness') record.isReady = true
      if (isOnce(probe)) this.#running = this.#running.filter(other => other !== item)
      return undefined
    }
    item.successes = 0
    item.failures++
    this.#options.onUnhealthy(container, `${kind} probe failed: ${result.output}`)
    if (item.failures < (probe.failureThreshold ?? 3)) return undefined
    if (kind === 'Readiness') record.isReady = false
    if (kind === 'Readiness') return undefined
    const message = `Container ${container} failed ${kind.toLowerCase()} probe, will be restarted`
    return { name: container, message }
  }

  #markStarted({ container, record }: Running): void {
    record.isStarted = true
    const hasReadiness = this.#running.some(item => item.container === container && item.kind === 'Readiness')
    record.isReady = !hasReadiness
  }
}
