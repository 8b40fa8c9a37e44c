// The audit log of an API server: who asked for what and when, what was decided, and as much of requests and
// answers as the policy says (upstream's k8s.io/apiserver pkg/audit).
import type { Clock } from '../../component/clock.ts'
import { Counter, type Metric } from '../../component/metrics.ts'
import type { User } from '../registry/registry.ts'
import type { RequestInfo } from '../requestinfo.ts'
import type { AuditPolicy } from './policy.ts'
import { type AuditedRequest, AuditTrail } from './trail.ts'

export type AuditedFacts = Omit<AuditedRequest, 'user' | 'info'>

/** Where lines go. Never throws, never waits. */
export interface AuditSink {
  write(line: string): void
  /** How many lines could not be kept. */
  readonly lost: number
  /** Resolves when everything is written. */
  close?(): Promise<void>
}

export interface AuditOptions {
  readonly policy: AuditPolicy
  /** The server's from then on: closed with it. */
  readonly sink: AuditSink
}

export class Audit {
  readonly #options: AuditOptions
  readonly #clock: Clock
  readonly #events = new Counter({
    name: 'apiserver_audit_event_total',
    help: 'Counter of audit events generated and sent to the audit backend.',
  })
  readonly #levels = new Counter({
    name: 'apiserver_audit_level_total',
    help: 'Counter of policy levels for audit events (1 per request).',
    labels: ['level'],
  })
  readonly metrics: readonly Metric[]

  constructor(options: AuditOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#events.add(0)
    const { sink } = options
    const lost: Metric = {
      collect: () => ({
        name: 'apiserver_audit_error_total',
        help: 'Counter of audit events that failed to be audited properly.',
        type: 'counter',
        samples: [{ labels: { plugin: 'log' }, value: sink.lost }],
      }),
    }
    this.metrics = [this.#events, this.#levels, lost]
  }

  /** Undefined for a request that is not recorded, of which no more is asked. */
  begin(user: User | undefined, info: RequestInfo, facts: () => AuditedFacts): AuditTrail | undefined {
    const decision = this.#options.policy(user, info)
    this.#levels.add(1, decision.level)
    if (decision.level === 'None') return undefined
    return new AuditTrail(decision, { ...facts(), user, info }, { clock: this.#clock, write: this.#write })
  }

  async close(): Promise<void> {
    await this.#options.sink.close?.()
  }

  readonly #write = (line: string) => {
    this.#events.add(1)
    this.#options.sink.write(line)
  }
}
