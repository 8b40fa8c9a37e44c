// Times as the API reads and writes them: RFC 3339 in UTC, to the second (metav1.Time) or to the
// microsecond (metav1.MicroTime). The error texts are those of Go's time.Parse, which clients see.

const canonical = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/
const layout = '2006-01-02T15:04:05Z07:00'
const microLayout = '2006-01-02T15:04:05.000000Z07:00'

/** What Go's parser expects, piece by piece, and how each piece looks. */
const pieces: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d?/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  ['05', /^\d\d(?:[.,]\d+)?/],
  ['Z07:00', /^(?:Z|[+-]\d\d:\d\d)/],
]

function refuse(text: string, shape: string): never {
  const start = `parsing time ${JSON.stringify(text)}`
  let rest = text
  for (const [name, pattern] of pieces) {
    const match = pattern.exec(rest)
    if (!match) {
      throw new Error(`${start} as "${shape}": cannot parse ${JSON.stringify(rest)} as "${name}"`)
    }
    rest = rest.slice(match[0].length)
  }
  if (rest !== '') throw new Error(`${start}: extra text: ${JSON.stringify(rest)}`)
  const [, , month, , hour, minute, second] = rfc3339.exec(text) ?? []
  const wrong =
    Number(month) < 1 || Number(month) > 12
      ? 'month'
      : Number(hour) > 23
        ? 'hour'
        : Number(minute) > 59
          ? 'minute'
          : Number(second) > 59
            ? 'second'
            : 'day'
  throw new Error(`${start}: ${wrong} out of range`)
}

function parse(text: string, shape: string): { readonly seconds: string; readonly fraction: string } {
  const match = rfc3339.exec(text)
  if (!match) return refuse(text, shape)
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match
  // Not Date.UTC(), to which the year 1 is 1901.
  const at = new Date(0)
  at.setUTCFullYear(+year!, +month! - 1, +day!)
  at.setUTCHours(+hour!, +minute!, +second!)
  const isReal =
    at.getUTCMonth() === +month! - 1 &&
    at.getUTCDate() === +day! &&
    +hour! < 24 &&
    +minute! < 60 &&
    +second! < 60
  if (!isReal) return refuse(text, shape)
  if (zone !== 'Z') {
    const [hours, minutes] = zone!.slice(1).split(':').map(Number)
    at.setTime(at.getTime() - (zone![0] === '-' ? -1 : 1) * (hours! * 60 + minutes!) * 60_000)
  }
  const isWritable = at.getUTCFullYear() >= 0 && at.getUTCFullYear() <= 9999
  if (!isWritable) throw new Error(`parsing time ${JSON.stringify(text)}: year outside of range [0,9999]`)
  return { seconds: at.toISOString().slice(0, 19), fraction }
}

/** `2026-01-02T03:04:05Z`; throws what Go's parser says. */
export function canonicalTime(text: string): string {
  if (text.length === 20 && canonical.test(text) && +text.slice(8, 10) < 29) return text
  return `${parse(text, layout).seconds}Z`
}

/** `2026-01-02T03:04:05.000000Z`; throws what Go's parser says. */
export function canonicalMicroTime(text: string): string {
  const { seconds, fraction } = parse(text, microLayout)
  return `${seconds}.${fraction.slice(0, 6).padEnd(6, '0')}Z`
}
