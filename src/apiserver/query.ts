// A request's query string, parsed once and only when there is one. Values are looked up as Go's url.Values
// are: the first one counts, a name without a value has the empty string.
import { badRequest } from '../api/status.ts'

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw badRequest(`invalid URL escape in the query ${JSON.stringify(text)}`)
  }
}

/** What an int64 stays below; the few numbers just under it that round up to it are refused too. */
const largestInteger = 2 ** 63

export class Query {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  get(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  get isEmpty(): boolean {
    return this.#values.size === 0
  }

  /** A boolean parameter as Kubernetes reads it: present and neither `false` nor `0`. */
  flag(name: string): boolean {
    const value = this.get(name)?.toLowerCase()
    return value !== undefined && value !== 'false' && value !== '0'
  }

  /** An integer parameter of 64 bits; `undefined` when absent. */
  integer(name: string): number | undefined {
    const text = this.get(name)
    if (text === undefined) return undefined
    const isNumber = /^[+-]?\d+$/.test(text)
    const value = Number(text)
    if (isNumber && value < largestInteger && value >= -largestInteger) return value
    const why = isNumber ? 'value out of range' : 'invalid syntax'
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`)
  }
}

export const emptyQuery = new Query(new Map())

/** `text` is what follows the question mark. */
export function parseQuery(text: string): Query {
  if (text === '') return emptyQuery
  const values = new Map<string, string[]>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    const known = values.get(name)
    if (known) known.push(value)
    else values.set(name, [value])
  }
  return new Query(values)
}

/** For requests made in process, whose query comes as an object. */
export function queryOf(values: Readonly<Record<string, string | readonly string[] | undefined>>): Query {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  if (entries.length === 0) return emptyQuery
  return new Query(
    new Map(entries.map(([name, value]) => [name, typeof value === 'string' ? [value] : (value ?? [])])),
  )
}
