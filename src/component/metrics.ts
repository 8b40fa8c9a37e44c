// Numbers about a running part, for collectors: counters, gauges and histograms with labels, in Prometheus'
// text format 0.0.4. Metrics that upstream has too carry upstream's names and labels.

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  /** After the family's name: `_bucket`, `_sum`. */
  readonly suffix?: string
  readonly labels: Labels
  readonly value: number
  /** Milliseconds since the epoch, when it was not measured just now. */
  readonly timeMs?: number
}

export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

const escaped = (text: string) => text.replace(/[\\"\n]/g, char => (char === '\n' ? '\\n' : `\\${char}`))
const escapedHelp = (text: string) => text.replace(/[\\\n]/g, char => (char === '\n' ? '\\n' : '\\\\'))

const formatValue = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'

function formatSample(name: string, { suffix = '', labels, value, timeMs }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
  const all = pairs.length > 0 ? `{${pairs.join(',')}}` : ''
  return `${name}${suffix}${all} ${formatValue(value)}${timeMs === undefined ? '' : ` ${timeMs}`}\n`
}

/** In Prometheus' text format; families without samples are left out. */
export const formatMetrics = (families: readonly MetricFamily[]): string =>
  families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(sample => formatSample(name, sample)).join('')
      return `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n${lines}`
    })
    .join('')

export interface Metric {
  collect(): MetricFamily
}

/** Metrics that are shown together; a part of the process adds its own. */
export class MetricSet {
  readonly #metrics = new Set<Metric>()
  readonly #shared = new Map<string, object>()

  add<M extends Metric>(metric: M): M {
    this.#metrics.add(metric)
    return metric
  }

  delete(metric: Metric): void {
    this.#metrics.delete(metric)
  }

  /** What parts share that come and go: made by the first who asks for it, `create` adds its metrics. */
  once<T extends object>(key: string, create: () => T): T {
    const known = this.#shared.get(key) as T | undefined
    if (known) return known
    const made = create()
    this.#shared.set(key, made)
    return made
  }

  /** Families in the order of their names; parts that measure the same share one family. */
  collect(): MetricFamily[] {
    const families = new Map<string, MetricFamily>()
    for (const metric of this.#metrics) {
      const family = metric.collect()
      const known = families.get(family.name)
      families.set(family.name, known ? { ...known, samples: [...known.samples, ...family.samples] } : family)
    }
    return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

interface Description<Label extends string> {
  readonly name: string
  readonly help: string
  /** In this order values are given. */
  readonly labels?: readonly Label[]
}

/** Values by their labels; the key of a series is its label values, joined. */
class Series<Label extends string, State> {
  readonly #labels: readonly Label[]
  readonly #create: () => State
  readonly #states = new Map<string, { readonly labels: Labels; readonly state: State }>()

  constructor(labels: readonly Label[], create: () => State) {
    this.#labels = labels
    this.#create = create
  }

  of(values: readonly string[]): State {
    const key = values.join('\u0000')
    let known = this.#states.get(key)
    if (!known) {
      const labels = Object.fromEntries(this.#labels.map((label, index) => [label, values[index] ?? '']))
      known = { labels, state: this.#create() }
      this.#states.set(key, known)
    }
    return known.state
  }

  entries() {
    return [...this.#states.values()]
  }
}

/** A number that only grows. */
export class Counter<Label extends string = never> implements Metric {
  readonly #description: Description<Label>
  readonly #series: Series<Label, { value: number }>

  constructor(description: Description<Label>) {
    this.#description = description
    this.#series = new Series(description.labels ?? [], () => ({ value: 0 }))
  }

  /** `values` in the order of the labels. */
  add(amount: number, ...values: readonly string[]): void {
    this.#series.of(values).value += amount
  }

  /** One series, for those who count often: found once, then only added to. */
  of(...values: readonly string[]): { add(amount: number): void } {
    const state = this.#series.of(values)
    return {
      add: amount => {
        state.value += amount
      },
    }
  }

  collect(): MetricFamily {
    const { name, help } = this.#description
    const samples = this.#series.entries().map(({ labels, state }) => ({ labels, value: state.value }))
    return { name, help, type: 'counter', samples }
  }
}

interface GaugeDescription extends Description<string> {
  /** Default: a gauge. A counter that somebody else counts is read here too. */
  readonly type?: 'counter'
}

/** A number that is read when it is asked for. */
export class Gauge implements Metric {
  readonly #description: GaugeDescription
  readonly #read: () => number | readonly Sample[]

  constructor(description: GaugeDescription, read: () => number | readonly Sample[]) {
    this.#description = description
    this.#read = read
  }

  collect(): MetricFamily {
    const { name, help, type = 'gauge' } = this.#description
    const value = this.#read()
    const samples = typeof value === 'number' ? [{ labels: {}, value }] : value
    return { name, help, type, samples }
  }
}

interface Distribution {
  readonly counts: number[]
  sum: number
  count: number
}

/** How values are spread over buckets with these upper bounds. */
export class Histogram<Label extends string = never> implements Metric {
  readonly #description: Description<Label>
  readonly #bounds: readonly number[]
  readonly #series: Series<Label, Distribution>

  constructor(description: Description<Label> & { readonly bounds: readonly number[] }) {
    this.#description = description
    this.#bounds = description.bounds
    const create = () => ({ counts: description.bounds.map(() => 0), sum: 0, count: 0 })
    this.#series = new Series(description.labels ?? [], create)
  }

  observe(value: number, ...values: readonly string[]): void {
    this.#count(this.#series.of(values), value)
  }

  /** One series, for those who observe often. */
  of(...values: readonly string[]): { observe(value: number): void } {
    const distribution = this.#series.of(values)
    return { observe: value => this.#count(distribution, value) }
  }

  #count(distribution: Distribution, value: number): void {
    const index = this.#bounds.findIndex(bound => value <= bound)
    if (index >= 0) distribution.counts[index]!++
    distribution.sum += value
    distribution.count++
  }

  collect(): MetricFamily {
    const { name, help } = this.#description
    const samples = this.#series.entries().flatMap(({ labels, state }) => this.#samples(labels, state))
    return { name, help, type: 'histogram', samples }
  }

  #samples(labels: Labels, { counts, sum, count }: Distribution): Sample[] {
    let below = 0
    const buckets = this.#bounds.map((bound, index) => {
      below += counts[index]!
      return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below }
    })
    return [
      ...buckets,
      { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
      { suffix: '_sum', labels, value: sum },
      { suffix: '_count', labels, value: count },
    ]
  }
}
