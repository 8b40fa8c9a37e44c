// Traces in OpenTelemetry's terms: what the parts that take part in them need to know. Where nobody collects
// traces there is no Tracer, and nothing of this runs; component/otlptracer.ts is the one there is.
import type { Metric } from './metrics.ts'

export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue>>

export interface Span {
  set(attributes: Attributes): void
  /** W3C Trace Context's header, for what is asked of others on its behalf. */
  readonly traceparent: string
  /** With what went wrong, if it did; a second time changes nothing. */
  end(error?: unknown): void
}

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: 'internal' | 'server' | 'client'
  readonly attributes?: Attributes
  /** A client's `traceparent`, which then decides whether this is recorded; default: the active span. */
  readonly traceparent?: string | undefined
  /** Begins a trace of its own, whoever set it off. */
  readonly isRoot?: boolean
}

export interface Tracer {
  /** Below the active span, where there is one. Unlike in `run` it does not become the active one. */
  start(name: string, options?: SpanOptions): Span
  /** Runs the work as part of a span that ends with it. */
  run<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>
  /** The span that this work is part of. */
  readonly active: Span | undefined
  readonly metrics: readonly Metric[]
  /** Resolves when what has been recorded is handed over, or given up. */
  close(): Promise<void>
}

/** Only as part of something that is traced already: the many small things below need no trace each. */
export function runBelow<T>(
  tracer: Tracer,
  name: string,
  { attributes, work }: { readonly attributes: Attributes; readonly work: () => Promise<T> },
): Promise<T> {
  return tracer.active ? tracer.run(name, { attributes }, work) : work()
}
