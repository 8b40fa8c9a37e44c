// Records spans and hands them to a collector: OTLP over HTTP, as JSON
// (github.com/open-telemetry/opentelemetry-proto, docs/specification.md). Loaded only where an endpoint is
// configured. OpenTelemetry's own packages would be some forty modules at start-up for these two pages.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { Clock, Timer } from './clock.ts'
import { Gauge, type Metric } from './metrics.ts'
import type { Attributes, AttributeValue, Span, SpanOptions, Tracer } from './tracing.ts'

export interface OTLPTracerOptions {
  /** The whole URL: `http://[::1]:4318/v1/traces`. */
  readonly endpoint: string
  /** Sent along, such as a collector's token. */
  readonly headers?: Readonly<Record<string, string>>
  readonly serviceName: string
  readonly serviceVersion: string
  /** Of the traces that begin here; default 1, all of them. A client's choice goes before. */
  readonly samplingRatio?: number
  readonly clock: Clock
  /** Told when spans cannot be handed over. */
  readonly onError?: (error: unknown) => void
}

/** Spans wait so long for others to go with them. */
const batchDelayMs = 1000
const batchSpans = 512
/** Beyond so many that wait, spans are dropped and counted: a collector that is gone costs no memory. */
const queuedSpans = 4096
const exportTimeoutMs = 10_000
/** Nobody waits longer than this for the end because of traces. */
const closeTimeoutMs = 2000

interface Context {
  readonly traceID: string
  readonly spanID: string
  readonly isSampled: boolean
}

interface RecordedSpan {
  readonly context: Context
  readonly parentID: string | undefined
  readonly name: string
  readonly kind: NonNullable<SpanOptions['kind']>
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  readonly error: string | undefined
}

const traceparentPattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Undefined for what is none: such a trace begins anew (W3C Trace Context, section 3.2). */
export function parseTraceparent(text: string | undefined): Context | undefined {
  const [, traceID = '', spanID = '', flags = ''] = traceparentPattern.exec(text ?? '') ?? []
  if (text?.startsWith('ff') || !/[1-9a-f]/.test(traceID) || !/[1-9a-f]/.test(spanID)) return undefined
  return { traceID, spanID, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

const formatTraceparent = ({ traceID, spanID, isSampled }: Context) =>
  `00-${traceID}-${spanID}-${isSampled ? '01' : '00'}`

const kinds = { internal: 1, server: 2, client: 3 } as const
const nanoseconds = (ms: number) => (BigInt(Math.round(ms * 1000)) * 1000n).toString()

function encodedValue(value: AttributeValue) {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

const listOf = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: encodedValue(value) }))

const formatSpan = (span: RecordedSpan) => ({
  traceId: span.context.traceID,
  spanId: span.context.spanID,
  ...(span.parentID ? { parentSpanId: span.parentID } : {}),
  name: span.name,
  kind: kinds[span.kind],
  startTimeUnixNano: nanoseconds(span.startMs),
  endTimeUnixNano: nanoseconds(span.endMs),
  attributes: listOf(span.attributes),
  status: span.error === undefined ? {} : { code: 2, message: span.error },
})

class Exporter {
  readonly #options: OTLPTracerOptions
  #queue: RecordedSpan[] = []
  #timer: Timer | undefined
  #sending: Promise<void> = Promise.resolve()
  readonly #closing = new AbortController()
  #exported = 0
  #dropped = 0

  constructor(options: OTLPTracerOptions) {
    this.#options = options
  }

  readonly metrics: readonly Metric[] = [
    new Gauge(
      {
        name: 'futago_trace_spans_exported_total',
        type: 'counter',
        help: 'Spans handed to the collector of traces.',
      },
      () => this.#exported,
    ),
    new Gauge(
      {
        name: 'futago_trace_spans_dropped_total',
        type: 'counter',
        help: 'Spans given up: the collector did not take them, or not fast enough.',
      },
      () => this.#dropped,
    ),
  ]

  add(span: RecordedSpan): void {
    if (this.#queue.length >= queuedSpans) {
      this.#dropped++
      return
    }
    this.#queue.push(span)
    if (this.#queue.length >= batchSpans) this.#flush()
    else this.#timer ??= this.#options.clock.after(batchDelayMs, () => this.#flush())
  }

  async close(): Promise<void> {
    this.#flush()
    const late = new Error('the time for it was over')
    const timer = this.#options.clock.after(closeTimeoutMs, () => this.#closing.abort(late))
    await this.#sending
    timer.cancel()
  }

  #flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#sending = this.#sending.then(() => this.#sendAll())
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchSpans)
      try {
        await this.#send(batch)
        this.#exported += batch.length
      } catch (error) {
        this.#dropped += batch.length
        this.#options.onError?.(error)
      }
    }
  }

  async #send(spans: readonly RecordedSpan[]): Promise<void> {
    const { endpoint, headers, serviceName, serviceVersion: version } = this.#options
    const resource = {
      attributes: listOf({
        'service.name': serviceName,
        'service.version': version,
        'process.pid': process.pid,
      }),
    }
    const scopeSpans = [{ scope: { name: 'futago', version }, spans: spans.map(formatSpan) }]
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }),
      signal: AbortSignal.any([AbortSignal.timeout(exportTimeoutMs), this.#closing.signal]),
    })
    await response.arrayBuffer()
    if (!response.ok)
      throw new Error(`Cannot hand over traces to ${endpoint}: it answered ${response.status}`)
  }
}

interface LiveSpan extends Span {
  readonly context: Context
}

export class OTLPTracer implements Tracer {
  readonly #options: OTLPTracerOptions
  readonly #exporter: Exporter
  readonly #active = new AsyncLocalStorage<LiveSpan>()
  /** The wall clock's time at which the monotonic one was 0. */
  readonly #epochMs: number

  constructor(options: OTLPTracerOptions) {
    this.#options = options
    this.#exporter = new Exporter(options)
    this.#epochMs = options.clock.now() - options.clock.monotonic()
  }

  get active(): Span | undefined {
    return this.#active.getStore()
  }

  get metrics(): readonly Metric[] {
    return this.#exporter.metrics
  }

  close(): Promise<void> {
    return this.#exporter.close()
  }

  start(name: string, options: SpanOptions = {}): LiveSpan {
    const active = options.isRoot ? undefined : this.#active.getStore()
    const parent = parseTraceparent(options.traceparent) ?? active?.context
    const ratio = this.#options.samplingRatio ?? 1
    const context: Context = {
      traceID: parent?.traceID ?? randomBytes(16).toString('hex'),
      spanID: randomBytes(8).toString('hex'),
      isSampled: parent ? parent.isSampled : ratio >= 1 || Math.random() < ratio,
    }
    return this.#span(name, options, { context, parentID: parent?.spanID })
  }

  #span(
    name: string,
    { kind = 'internal', attributes: given = {} }: SpanOptions,
    { context, parentID }: Pick<RecordedSpan, 'context' | 'parentID'>,
  ): LiveSpan {
    const startMs = this.#nowMs()
    const attributes = { ...given }
    let hasEnded = !context.isSampled
    return {
      context,
      traceparent: formatTraceparent(context),
      set: more => void Object.assign(attributes, more),
      end: error => {
        if (hasEnded) return
        hasEnded = true
        const message =
          error === undefined ? undefined : error instanceof Error ? error.message : String(error)
        const endMs = this.#nowMs()
        this.#exporter.add({ context, parentID, name, kind, startMs, endMs, attributes, error: message })
      },
    }
  }

  #nowMs(): number {
    return this.#epochMs + this.#options.clock.monotonic()
  }

  async run<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const span = this.start(name, options)
    try {
      const result = await this.#active.run(span, () => work(span))
      span.end()
      return result
    } catch (error) {
      span.end(error)
      throw error
    }
  }
}
