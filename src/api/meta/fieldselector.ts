// Field selectors (`metadata.name=web,status.phase!=Running`), with the escapes and messages of
// apimachinery's pkg/fields/selector.go. Which fields a resource knows is the resource's matter.
import { SelectorError } from './labels.ts'

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** Throws SelectorError. The empty text selects everything. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  if (text === '') return []
  return splitTerms(text)
    .filter(term => term !== '')
    .map(term => {
      const found = splitTerm(term)
      if (!found) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`)
      const { field, operator, raw } = found
      return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(raw) }
    })
}

/** At commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') {
      terms.push(text.slice(start, at))
      start = at + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

function splitTerm(term: string): { field: string; operator: string; raw: string } | undefined {
  for (let at = 0; at < term.length; at++) {
    for (const operator of ['!=', '==', '=']) {
      if (term.startsWith(operator, at)) {
        return { field: term.slice(0, at), operator, raw: term.slice(at + operator.length) }
      }
    }
  }
  return undefined
}

function unescapeValue(raw: string): string {
  if (!/[\\,=]/.test(raw)) return raw
  let value = ''
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at]!
    if (character === '\\') {
      const next = raw[++at]
      if (next !== '\\' && next !== ',' && next !== '=') {
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next ?? ''}`)
      }
      value += next
    } else if (character === ',' || character === '=') {
      throw new SelectorError(
        `invalid field selector: unescaped character in value: ${character.charCodeAt(0)}`,
      )
    } else value += character
  }
  return value
}

export function formatFieldSelector(requirements: readonly FieldRequirement[]): string {
  return requirements
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .join(',')
}
