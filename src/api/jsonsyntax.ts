// Parses JSON, and says what is wrong with a text that is none in the words of Go's encoding/json, which is
// what an API server answers with. What nests too deeply is refused: who walks it would run out of stack.

class SyntaxFound extends Error {}

const backslash = 92

/** Index of the quote that ends the string which begins at `start`. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end > 0 && text.charCodeAt(end - 1) === backslash) {
    let escapes = 1
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return end < 0 ? text.length : end
}

interface Scan {
  readonly text: string
  at: number
}

const ended = 'unexpected end of JSON input'

function fail(scan: Scan, context: string): never {
  const character = scan.text[scan.at]
  if (character === undefined) throw new SyntaxFound(ended)
  const shown = character === "'" ? "\\'" : character === '"' ? '"' : JSON.stringify(character).slice(1, -1)
  throw new SyntaxFound(`invalid character '${shown}' ${context}`)
}

function skipSpace(scan: Scan): string | undefined {
  while (' \t\r\n'.includes(scan.text[scan.at] ?? 'x')) scan.at++
  return scan.text[scan.at]
}

const isDigit = (character: string | undefined) => character !== undefined && /[0-9]/.test(character)

function digits(scan: Scan, context: string) {
  if (!isDigit(scan.text[scan.at])) fail(scan, context)
  while (isDigit(scan.text[scan.at])) scan.at++
}

function number(scan: Scan) {
  if (scan.text[scan.at] === '-') scan.at++
  if (scan.text[scan.at] === '0') scan.at++
  else digits(scan, 'in numeric literal')
  if (scan.text[scan.at] === '.') {
    scan.at++
    digits(scan, 'after decimal point in numeric literal')
  }
  if (/[eE]/.test(scan.text[scan.at] ?? '')) {
    scan.at++
    if (/[-+]/.test(scan.text[scan.at] ?? '')) scan.at++
    digits(scan, 'in exponent of numeric literal')
  }
}

function string(scan: Scan) {
  for (scan.at++; scan.text[scan.at] !== '"'; scan.at++) {
    const code = scan.text.charCodeAt(scan.at)
    if (Number.isNaN(code) || code < 32) fail(scan, 'in string literal')
    if (code !== 92) continue
    scan.at++
    if (scan.text[scan.at] === 'u') {
      for (let digit = 0; digit < 4; digit++) {
        scan.at++
        if (!/[0-9a-fA-F]/.test(scan.text[scan.at] ?? 'x')) fail(scan, 'in \\u hexadecimal character escape')
      }
    } else if (!/["\\/bfnrt]/.test(scan.text[scan.at] ?? 'x')) {
      fail(scan, 'in string escape code')
    }
  }
  scan.at++
}

function literal(scan: Scan, word: string) {
  for (const character of word) {
    if (scan.text[scan.at] !== character) fail(scan, `in literal ${word} (expecting '${character}')`)
    scan.at++
  }
}

function object(scan: Scan) {
  scan.at++
  if (skipSpace(scan) === '}') return void scan.at++
  for (;;) {
    if (skipSpace(scan) !== '"') fail(scan, 'looking for beginning of object key string')
    string(scan)
    if (skipSpace(scan) !== ':') fail(scan, 'after object key')
    scan.at++
    value(scan)
    const next = skipSpace(scan)
    if (next === '}') return void scan.at++
    if (next !== ',') fail(scan, 'after object key:value pair')
    scan.at++
  }
}

function array(scan: Scan) {
  scan.at++
  if (skipSpace(scan) === ']') return void scan.at++
  for (;;) {
    value(scan)
    const next = skipSpace(scan)
    if (next === ']') return void scan.at++
    if (next !== ',') fail(scan, 'after array element')
    scan.at++
  }
}

const words: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }

function value(scan: Scan): void {
  const start = skipSpace(scan)
  if (start === '{') object(scan)
  else if (start === '[') array(scan)
  else if (start === '"') string(scan)
  else if (start === '-' || isDigit(start)) number(scan)
  else if (start !== undefined && words[start]) literal(scan, words[start])
  else fail(scan, 'looking for beginning of value')
}

/** Go's limit is 10,000; nothing that people write has more than some dozens. */
const mostLevels = 1000

/** Whether brackets stand in each other more than `mostLevels` deep. */
function nestsTooDeeply(text: string): boolean {
  // Each level takes two characters, and in what is cut off one.
  if (text.length <= mostLevels) return false
  let level = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 123 || code === 91) {
      if (++level > mostLevels) return true
    } else if (code === 125 || code === 93) level--
    else if (code === 34) at = endOfString(text, at)
  }
  return false
}

/** Whether a value that was not parsed here nests more than `mostLevels` deep. */
export function isTooDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > mostLevels) return true
    level = level.flatMap(one => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return false
}

/** What is wrong with a text that JSON.parse refused. */
export function findSyntaxError(text: string): string {
  const scan: Scan = { text, at: 0 }
  try {
    value(scan)
    if (skipSpace(scan) !== undefined) fail(scan, 'after top-level value')
  } catch (error) {
    if (error instanceof SyntaxFound) return error.message
    throw error
  }
  return ended
}

/** The message is for clients. */
export class JSONError extends Error {}

/** Throws JSONError. */
export function parseJSON(text: string): unknown {
  if (nestsTooDeeply(text)) throw new JSONError('exceeded max depth')
  try {
    return JSON.parse(text)
  } catch {
    throw new JSONError(findSyntaxError(text))
  }
}
