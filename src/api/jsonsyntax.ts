// Says what is wrong with a text that is no JSON, in the words of Go's encoding/json, which is what an API
// server answers with.

class SyntaxFound extends Error {}

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
