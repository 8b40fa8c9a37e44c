// Who got in and who may: authentication and authorization counted and timed, with upstream's names
// (k8s.io/apiserver pkg/endpoints/filters/metrics.go).

import { StatusError } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import { Counter, Histogram, type MetricSet } from '../../component/metrics.ts'
import type { Authorizer } from '../filters/authorization.ts'
import type { Filter } from '../request.ts'

const bounds = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power)

const hour = 3600
const day = 24 * hour
/** Upstream's: half an hour to a year of 360 days. */
const remainingBounds = [
  ...[0, hour / 2, hour, 2 * hour, 6 * hour, 12 * hour],
  ...[1, 2, 4, 7, 30, 90, 180, 360].map(days => days * day),
]

class Attempts {
  readonly #clock: Clock
  readonly #total: Counter<'result'>
  readonly #duration: Histogram<'result'>

  constructor(clock: Clock, total: Counter<'result'>, duration: Histogram<'result'>) {
    this.#clock = clock
    this.#total = total
    this.#duration = duration
  }

  now(): number {
    return this.#clock.monotonic()
  }

  end(result: string, began: number): void {
    this.#total.add(1, result)
    this.#duration.observe((this.now() - began) / 1000, result)
  }
}

interface Parts {
  readonly clock: Clock
  readonly metrics: MetricSet
}

/** Users are many; of those only the kind is told (upstream's compressUsername). */
function kindOfUser(name: string): string {
  if (name.includes('@')) return 'email_id'
  return name.startsWith('system:') || name === 'admin' || name === 'kubecfg' ? 'system' : 'other'
}

/** Counts what the filter lets pass and what it refuses. */
export function measuredAuthentication(filter: Filter, { clock, metrics }: Parts): Filter {
  const attempts = new Attempts(
    clock,
    metrics.add(
      new Counter({
        name: 'authentication_attempts',
        help: 'Counter of authenticated attempts.',
        labels: ['result'],
      }),
    ),
    metrics.add(
      new Histogram({
        name: 'authentication_duration_seconds',
        help: 'Authentication duration in seconds broken out by result.',
        labels: ['result'],
        bounds,
      }),
    ),
  )
  const users = metrics.add(
    new Counter({
      name: 'authenticated_user_requests',
      help: 'Counter of authenticated requests broken out by the kind of the user.',
      labels: ['username'],
    }),
  )
  const expirations = metrics.add(
    new Histogram({
      name: 'apiserver_client_certificate_expiration_seconds',
      help: 'How long the certificates are still good by which clients were authenticated.',
      bounds: remainingBounds,
    }),
  )
  return async (request, next) => {
    const began = attempts.now()
    let passed = false
    try {
      return await filter(request, authenticated => {
        passed = true
        const { certificateUser, certificateExpiresMs: expiresMs } = authenticated
        if (certificateUser && expiresMs !== undefined) expirations.observe((expiresMs - clock.now()) / 1000)
        attempts.end('success', began)
        users.add(1, kindOfUser(authenticated.user?.name ?? ''))
        return next(authenticated)
      })
    } catch (error) {
      if (!passed) attempts.end(error instanceof StatusError ? 'failure' : 'error', began)
      throw error
    }
  }
}

export function measuredAuthorizer(authorizer: Authorizer, { clock, metrics }: Parts): Authorizer {
  const attempts = new Attempts(
    clock,
    metrics.add(
      new Counter({
        name: 'authorization_attempts_total',
        help: 'Counter of authorization attempts broken down by result.',
        labels: ['result'],
      }),
    ),
    metrics.add(
      new Histogram({
        name: 'authorization_duration_seconds',
        help: 'Authorization duration in seconds broken out by result.',
        labels: ['result'],
        bounds,
      }),
    ),
  )
  return async (user, info, granted) => {
    const began = attempts.now()
    try {
      const reason = await authorizer(user, info, granted)
      attempts.end(reason === undefined ? 'allowed' : 'denied', began)
      return reason
    } catch (error) {
      attempts.end('error', began)
      throw error
    }
  }
}
