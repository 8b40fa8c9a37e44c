// Counts and times what a component asks of its API server, with client-go's names (k8s.io/component-base
// metrics/prometheus/restclient).
import { StatusError } from '../api/status.ts'
import type { Transport } from '../api/transport.ts'
import type { Clock } from '../component/clock.ts'
import { Counter, Histogram, type MetricSet } from '../component/metrics.ts'

const bounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

class RequestMetrics {
  readonly total: Counter<'code' | 'method' | 'host'>
  readonly duration: Histogram<'verb' | 'host'>

  constructor(metrics: MetricSet) {
    this.total = metrics.add(
      new Counter({
        name: 'rest_client_requests_total',
        help: 'Number of requests to the API server, partitioned by status code, method and host.',
        labels: ['code', 'method', 'host'],
      }),
    )
    this.duration = metrics.add(
      new Histogram({
        name: 'rest_client_request_duration_seconds',
        help: 'Request latency in seconds, broken down by verb and host.',
        labels: ['verb', 'host'],
        bounds,
      }),
    )
  }
}

export interface MeasuredTransportOptions {
  readonly metrics: MetricSet
  readonly clock: Clock
  /** Whom it asks: `[fd00::1]:6443`. */
  readonly host: string
}

/** As client-go, what never got an answer has the code `<error>`. */
const codeOf = (error: unknown) => (error instanceof StatusError ? String(error.code) : '<error>')

export function measuredTransport(
  transport: Transport,
  { metrics, clock, host }: MeasuredTransportOptions,
): Transport {
  const { total, duration } = metrics.once('rest client', () => new RequestMetrics(metrics))
  async function measured<T>(method: string, codeWhenDone: (result: T) => number, work: () => Promise<T>) {
    const began = clock.monotonic()
    try {
      const result = await work()
      total.add(1, String(codeWhenDone(result)), method, host)
      return result
    } catch (error) {
      total.add(1, codeOf(error), method, host)
      throw error
    } finally {
      duration.observe((clock.monotonic() - began) / 1000, method, host)
    }
  }
  return {
    request: request =>
      measured(
        request.method,
        ({ status }) => status,
        () => transport.request(request),
      ),
    watch: (request, handlers) =>
      measured(
        'GET',
        () => 200,
        () => transport.watch(request, handlers),
      ),
  }
}
