// Shell patterns (* ? [abc]) and quoting of values.

import { withinTime } from './limits.ts'

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** `literal` marks characters that were quoted. */
export function patternSource(text: string, literal: (index: number) => boolean = () => false): string {
  let source = ''
  for (let index = 0; index < text.length; index++) {
    const char = text[index]!
    if (literal(index)) source += escapeRegExp(char)
    else if (char === '*') source += '[^]*'
    else if (char === '?') source += '[^]'
    else if (char === '[') {
      const end = text.indexOf(']', index + 2)
      if (end < 0) {
        source += '\\['
        continue
      }
      const body = text
        .slice(index + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')
      source += `[${body}]`
      index = end
    } else source += escapeRegExp(char)
  }
  return source
}

/** Whether a text fits a pattern; several stars can mean more ways than there is time for. */
export function matcher(pattern: string, literal?: (index: number) => boolean): (text: string) => boolean {
  const expression = new RegExp(`^${patternSource(pattern, literal)}$`)
  const isSimple = pattern.split('*').length <= 2
  return text =>
    isSimple && text.length < 1000 ? expression.test(text) : withinTime(() => expression.test(text))
}

/** As bash's `set` shows values: quoted only when it must be. */
export function quoteValue(value: string): string {
  if (/^[A-Za-z0-9_./:@%+=,-]*$/.test(value)) return value
  if (/[\n\t\r]/.test(value)) {
    const escaped = value
      .replaceAll('\\', '\\\\')
      .replaceAll("'", "\\'")
      .replaceAll('\n', '\\n')
      .replaceAll('\t', '\\t')
      .replaceAll('\r', '\\r')
    return `$'${escaped}'`
  }
  return `'${value.replaceAll("'", "'\\''")}'`
}
