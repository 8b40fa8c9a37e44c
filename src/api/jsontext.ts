// Finds what JSON.parse does not tell about a JSON text: which fields occur twice. The usual text costs one
// pass that only counts.
import { formatPath } from './decode.ts'
import { endOfString } from './jsonsyntax.ts'

const colon = 58

const isSpace = (code: number) => code === 32 || code === 10 || code === 13 || code === 9

function skipSpace(text: string, at: number): number {
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

/** How many fields the text names. */
function countNames(text: string): number {
  let count = 0
  let at = text.indexOf('"')
  while (at >= 0) {
    const end = endOfString(text, at)
    if (text.charCodeAt(skipSpace(text, end + 1)) === colon) count++
    at = text.indexOf('"', end + 1)
  }
  return count
}

/** How many fields the value has. */
function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countFields(item)
    return count
  }
  const object = value as Record<string, unknown>
  for (const key in object) count += 1 + countFields(object[key])
  return count
}

type Step = string | number

interface Scan {
  readonly text: string
  readonly path: Step[]
  readonly found: Set<string>
  at: number
}

function scanObject(scan: Scan): void {
  const seen = new Set<string>()
  scan.at = skipSpace(scan.text, scan.at + 1)
  while (scan.text[scan.at] !== '}') {
    const end = endOfString(scan.text, scan.at)
    const name = JSON.parse(scan.text.slice(scan.at, end + 1)) as string
    scan.path.push(name)
    if (seen.has(name)) scan.found.add(`duplicate field "${formatPath(scan.path)}"`)
    seen.add(name)
    scan.at = skipSpace(scan.text, skipSpace(scan.text, end + 1) + 1)
    scanValue(scan)
    scan.path.pop()
    scan.at = skipSpace(scan.text, scan.at)
    if (scan.text[scan.at] === ',') scan.at = skipSpace(scan.text, scan.at + 1)
  }
  scan.at++
}

function scanArray(scan: Scan): void {
  scan.at = skipSpace(scan.text, scan.at + 1)
  for (let index = 0; scan.text[scan.at] !== ']'; index++) {
    scan.path.push(index)
    scanValue(scan)
    scan.path.pop()
    scan.at = skipSpace(scan.text, scan.at)
    if (scan.text[scan.at] === ',') scan.at = skipSpace(scan.text, scan.at + 1)
  }
  scan.at++
}

function scanValue(scan: Scan): void {
  const start = scan.text[scan.at]
  if (start === '{') scanObject(scan)
  else if (start === '[') scanArray(scan)
  else if (start === '"') scan.at = endOfString(scan.text, scan.at) + 1
  else while (scan.at < scan.text.length && !/[,\]}\s]/.test(scan.text[scan.at]!)) scan.at++
}

/**
 * `duplicate field "spec.replicas"` for each field that occurs twice in a text that was parsed into
 * `value`.
 */
export function findDuplicateFields(text: string, value: unknown): readonly string[] {
  if (countNames(text) === countFields(value)) return []
  const scan: Scan = { text, path: [], found: new Set(), at: skipSpace(text, 0) }
  scanValue(scan)
  return [...scan.found]
}
