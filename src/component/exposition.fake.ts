// Reads Prometheus' text format as strictly as a collector does, for tests: what it accepts, a Prometheus
// accepts.

export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ParsedFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: ParsedSample[]
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: (-?\d+))?$/
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/gy
const number = /^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?)|[+-]Inf|NaN)$/i
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let end = 0
  for (const match of text.matchAll(labelPair)) {
    const [whole, name = '', value = ''] = match
    if (name in labels) throw new Error(`a label twice: ${line}`)
    labels[name] = value.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))
    end = match.index + whole.length
  }
  if (end !== text.length) throw new Error(`broken labels: ${line}`)
  return labels
}

const numberIn = (text: string) => Number(text.replace(/inf/i, 'Infinity'))

function parseSample(line: string, family: ParsedFamily | undefined): ParsedSample {
  const [, name = '', labels = '', value = ''] = sampleLine.exec(line) ?? []
  if (!number.test(value)) throw new Error(`no sample: ${line}`)
  const allowed = family ? suffixes[family.type]!.map(suffix => family.name + suffix) : []
  if (!allowed.includes(name)) throw new Error(`a sample outside its family: ${line}`)
  return { name, labels: labelsOf(labels, line), value: numberIn(value) }
}

/** Buckets that only grow, up to `+Inf`, which is the count. */
function checkHistogram({ name, samples }: ParsedFamily): void {
  const series = new Map<string, ParsedSample[]>()
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels
    const key = JSON.stringify(labels)
    series.set(key, [...(series.get(key) ?? []), sample])
  }
  for (const [key, all] of series) {
    const buckets = all.filter(sample => sample.name === `${name}_bucket`)
    const count = all.find(sample => sample.name === `${name}_count`)?.value
    const bounds = buckets.map(({ labels }) => numberIn(labels.le ?? 'NaN'))
    const isSorted = bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!)
    const grows = buckets.every(({ value }, index) => index === 0 || value >= buckets[index - 1]!.value)
    if (
      !isSorted ||
      !grows ||
      bounds.at(-1) !== Number.POSITIVE_INFINITY ||
      buckets.at(-1)?.value !== count
    ) {
      throw new Error(`a broken histogram: ${name} ${key}`)
    }
  }
}

/** Throws for what a collector would refuse: a family twice, a series twice, broken histograms ... */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, ParsedFamily>()
  const seen = new Set<string>()
  let help = ''
  let current: ParsedFamily | undefined
  for (const line of text.trimEnd().split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (keyword === 'HELP') help = rest
    else if (keyword === 'TYPE') {
      if (families.has(name)) throw new Error(`a family twice: ${line}`)
      if (!suffixes[rest]) throw new Error(`an unknown type: ${line}`)
      if (help === '') throw new Error(`no help: ${line}`)
      current = { name, type: rest, help, samples: [] }
      families.set(name, current)
      help = ''
    } else {
      const sample = parseSample(line, current)
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`
      if (seen.has(key)) throw new Error(`a series twice: ${line}`)
      seen.add(key)
      current!.samples.push(sample)
    }
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family)
  return families
}
