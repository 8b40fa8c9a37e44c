// Escapes of echo -e and formats of printf.

import { checkLength } from './limits.ts'

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

export const unescapeEcho = (text: string): string =>
  text.replace(/\\(?:([\\abefnrtv])|0?([0-7]{1,3})|x([0-9a-fA-F]{1,2}))/g, (whole, letter, octal, hex) => {
    if (letter) return escapes[letter] ?? whole
    return String.fromCharCode(octal ? Number.parseInt(octal, 8) & 255 : Number.parseInt(hex, 16))
  })

function pad(text: string, flags: string, width: number): string {
  checkLength(width)
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = text.startsWith('-') ? '-' : ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}

/** The format is used again as long as there are values. */
export function formatPrintf(format: string, values: readonly string[]): string {
  const text = unescapeEcho(format)
  const rest = [...values]
  let output = ''
  do {
    const before = rest.length
    output += text.replace(
      /%([-0+ #]*)(\d*)(?:\.(\d+))?([%sdiuxXocbfq])/g,
      (_, flags, width, precision, kind) => {
        if (kind === '%') return '%'
        const value = rest.shift() ?? ''
        return pad(formatOne(kind, value, precision), flags, Number(width || 0))
      },
    )
    checkLength(output.length)
    if (rest.length === before) break
  } while (rest.length > 0)
  return output
}

function formatOne(kind: string, value: string, precision: string | undefined): string {
  switch (kind) {
    case 's':
      return precision === undefined ? value : value.slice(0, Number(precision))
    case 'b':
      return unescapeEcho(value)
    case 'q':
      return `'${value.replaceAll("'", "'\\''")}'`
    case 'c':
      return value.slice(0, 1)
    case 'x':
      return Math.trunc(Number(value)).toString(16)
    case 'X':
      return Math.trunc(Number(value)).toString(16).toUpperCase()
    case 'o':
      return Math.trunc(Number(value)).toString(8)
    case 'f':
      return Number(value).toFixed(Number(precision ?? 6))
    default:
      return String(Math.trunc(Number(value)) || 0)
  }
}
