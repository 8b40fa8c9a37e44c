// Schedules as crontab writes them, with the extensions of github.com/robfig/cron that CronJobs know: names,
// @hourly and its like, and `@every 1h30m`; in any time zone.

export interface CronSchedule {
  /** The first time after this one, in milliseconds since the epoch; undefined when there is none. */
  next(afterMs: number, timeZone?: string): number | undefined
}

interface Field {
  readonly matches: ReadonlySet<number>
  /** Written as `*`: matters for the two kinds of days. */
  readonly isAny: boolean
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const ranges: readonly { first: number; last: number; names: readonly string[] }[] = [
  { first: 0, last: 59, names: [] },
  { first: 0, last: 23, names: [] },
  { first: 1, last: 31, names: [] },
  { first: 1, last: 12, names: months },
  { first: 0, last: 6, names: days },
]
const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000
const searchDays = 5 * 366

function parseField(text: string, index: number): Field {
  const { first, last, names } = ranges[index]!
  const matches = new Set<number>()
  const numberOf = (part: string): number => {
    const name = names.indexOf(part.toLowerCase())
    const number = name >= 0 ? name + first : /^\d+$/.test(part) ? Number(part) : Number.NaN
    if (!(number >= first && number <= last)) {
      throw new Error(`Cannot read the schedule: ${part} is not between ${first} and ${last}`)
    }
    return number
  }
  for (const part of text.split(',')) {
    const [range = '', stepText] = part.split('/')
    const step = stepText === undefined ? 1 : Number(stepText)
    if (!Number.isInteger(step) || step < 1)
      throw new Error(`Cannot read the schedule: /${stepText} is no step`)
    const [from = '', to] = range.split('-')
    const isAll = range === '*' || range === '?'
    const begin = isAll ? first : numberOf(from)
    const end = isAll ? last : to !== undefined ? numberOf(to) : stepText === undefined ? begin : last
    if (begin > end) throw new Error(`Cannot read the schedule: ${range} runs backwards`)
    for (let value = begin; value <= end; value += step) matches.add(value)
  }
  return { matches, isAny: text.startsWith('*') || text.startsWith('?') }
}

/** Milliseconds that a zone's clocks are ahead of UTC at that instant. */
function offsetMs(ms: number, format: Intl.DateTimeFormat | undefined): number {
  if (!format) return 0
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour % 24, minute, second) - Math.floor(ms / 1000) * 1000
}

const formats = new Map<string, Intl.DateTimeFormat>()
function formatOf(timeZone: string | undefined): Intl.DateTimeFormat | undefined {
  if (!timeZone || timeZone === 'UTC') return undefined
  let format = formats.get(timeZone)
  if (!format) {
    const digits = '2-digit'
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: digits,
      day: digits,
      hour: digits,
      minute: digits,
      second: digits,
    })
    formats.set(timeZone, format)
  }
  return format
}

class FieldSchedule implements CronSchedule {
  readonly #fields: readonly Field[]

  constructor(text: string) {
    const parts = text.trim().split(/\s+/)
    if (parts.length !== 5) {
      throw new Error(`Cannot read the schedule: expected 5 fields, found ${parts.length}: ${text}`)
    }
    this.#fields = parts.map(parseField)
  }

  next(afterMs: number, timeZone?: string): number | undefined {
    const format = formatOf(timeZone)
    let wall = Math.floor((afterMs + offsetMs(afterMs, format)) / minuteMs) * minuteMs + minuteMs
    const end = wall + searchDays * dayMs
    while (wall < end) {
      const next = this.#nextOnClock(wall, end)
      if (next === undefined) return undefined
      const guess = next - offsetMs(next - offsetMs(next, format), format)
      // Clocks that are put forward skip times; those are not run.
      if (guess > afterMs && guess + offsetMs(guess, format) === next) return guess
      wall = next + minuteMs
    }
    return undefined
  }

  /** The next match of a clock that is never changed. */
  #nextOnClock(from: number, end: number): number | undefined {
    const [minutes, hours] = this.#fields
    let time = from
    while (time < end) {
      const date = new Date(time)
      if (!this.#matchesDay(date)) time = Math.floor(time / dayMs) * dayMs + dayMs
      else if (!hours?.matches.has(date.getUTCHours())) time = Math.floor(time / hourMs) * hourMs + hourMs
      else if (!minutes?.matches.has(date.getUTCMinutes())) time += minuteMs
      else return time
    }
    return undefined
  }

  /** When both kinds of days are restricted, either is enough. */
  #matchesDay(date: Date): boolean {
    const [, , dayOfMonth, month, dayOfWeek] = this.#fields
    if (!dayOfMonth || !dayOfWeek || !month?.matches.has(date.getUTCMonth() + 1)) return false
    const inMonth = dayOfMonth.matches.has(date.getUTCDate())
    const inWeek = dayOfWeek.matches.has(date.getUTCDay())
    return dayOfMonth.isAny || dayOfWeek.isAny ? inMonth && inWeek : inMonth || inWeek
  }
}

/** `1h30m10s` in milliseconds. */
function parseDuration(text: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text)
  const [hours = 0, minutes = 0, seconds = 0] = (match?.slice(1) ?? []).map(part => Number(part ?? 0))
  const ms = ((hours * 60 + minutes) * 60 + seconds) * 1000
  if (ms === 0) throw new Error(`Cannot read the schedule: ${text} is no duration such as 1h30m`)
  return ms
}

/** Throws when the text is no schedule. */
export function parseSchedule(text: string): CronSchedule {
  if (text.startsWith('@every ')) {
    const everyMs = parseDuration(text.slice('@every '.length).trim())
    return { next: afterMs => Math.floor(afterMs / 1000) * 1000 + everyMs }
  }
  return new FieldSchedule(nicknames[text] ?? text)
}
