// Expands the words of a command: variables, substitutions, arithmetic, field splitting, file name patterns
// and the removal of quotes, in the shell's order.
import { absolutePath, type ContainerFiles } from '../filesystem.ts'
import { evaluateArithmetic } from './arithmetic.ts'
import type { Operator, Script, Word, WordPart } from './ast.ts'
import { ExpansionError } from './flow.ts'
import { checkLength, withinTime } from './limits.ts'
import { matcher, patternSource } from './patterns.ts'

export interface ExpansionContext {
  readonly variables: Map<string, string>
  /** `$1`, `$2` ... */
  readonly positional: readonly string[]
  readonly files: ContainerFiles
  readonly directory: string
  /** `$?`, `$$`, `$0`; undefined for a name that is none of those. */
  special(name: string): string | undefined
  /** What a command writes, without newlines at the end. */
  substitute(script: Script): Promise<string>
}

/** Text, and for each character whether it was quoted. */
interface Field {
  text: string
  quoted: boolean[]
  /** Empty fields stay only when they were quoted. */
  isKept: boolean
}

const newField = (): Field => ({ text: '', quoted: [], isKept: false })

function append(field: Field, text: string, quoted: boolean): void {
  checkLength(field.text.length + text.length)
  field.text += text
  for (let index = 0; index < text.length; index++) field.quoted.push(quoted)
  if (quoted) field.isKept = true
}

function trimPattern(value: string, kind: Operator['kind'], pattern: string): string {
  const matches = new RegExp(`^${patternSource(pattern)}$`)
  const lengths = Array.from({ length: value.length + 1 }, (_, index) => index)
  if (kind === '##' || kind === '%%') lengths.reverse()
  const fromStart = kind.startsWith('#')
  const trim = () => {
    for (const length of lengths) {
      const part = fromStart ? value.slice(0, length) : value.slice(value.length - length)
      if (matches.test(part)) return fromStart ? value.slice(length) : value.slice(0, value.length - length)
    }
    return value
  }
  return value.length < 100 ? trim() : withinTime(trim)
}

async function variableValue(
  part: WordPart & { type: 'variable' },
  context: ExpansionContext,
): Promise<string> {
  const { name, operator } = part
  const raw = lookUp(name, context)
  if (!operator) return raw ?? ''
  const isNone = raw === undefined || (operator.colon && raw === '')
  const word = () => expandToText(operator.word, context)
  switch (operator.kind) {
    case 'length':
      return String((raw ?? '').length)
    case '-':
      return isNone ? word() : raw
    case '+':
      return isNone ? '' : word()
    case '=': {
      if (!isNone) return raw
      const value = await word()
      context.variables.set(name, value)
      return value
    }
    case '?':
      if (!isNone) return raw
      throw new ExpansionError(`${name}: ${(await word()) || 'parameter not set'}`)
    default:
      return trimPattern(raw ?? '', operator.kind, await word())
  }
}

function lookUp(name: string, context: ExpansionContext): string | undefined {
  if (name === '@' || name === '*') return context.positional.join(' ')
  if (name === '#') return String(context.positional.length)
  if (/^[1-9]$/.test(name)) return context.positional[Number(name) - 1]
  return context.special(name) ?? context.variables.get(name)
}

async function partValue(part: WordPart, context: ExpansionContext): Promise<string> {
  switch (part.type) {
    case 'text':
      return part.text
    case 'variable':
      return variableValue(part, context)
    case 'command':
      return context.substitute(part.script)
    case 'arithmetic': {
      const text = part.expression.replace(
        /\$\{?([A-Za-z_]\w*|[\d?#])\}?/g,
        (_, name: string) => lookUp(name, context) || '0',
      )
      return String(evaluateArithmetic(text, context.variables))
    }
  }
}

/** One string: for assignments, redirections and case. */
export async function expandToText(word: Word, context: ExpansionContext): Promise<string> {
  let text = ''
  for (const part of word) {
    text += await partValue(part, context)
    checkLength(text.length)
  }
  return text
}

/** With pattern characters that were quoted taken literally. */
export async function expandToPattern(
  word: Word,
  context: ExpansionContext,
): Promise<(text: string) => boolean> {
  const field = newField()
  for (const part of word) append(field, await partValue(part, context), part.quoted)
  return matcher(field.text, index => field.quoted[index] ?? false)
}

function splitInto(fields: Field[], text: string): void {
  const pieces = text.split(/[ \t\n]+/)
  pieces.forEach((piece, index) => {
    if (index > 0) fields.push(newField())
    append(fields.at(-1)!, piece, false)
    if (piece !== '') fields.at(-1)!.isKept = true
  })
}

async function fieldsOf(word: Word, context: ExpansionContext): Promise<Field[]> {
  const fields = [newField()]
  for (const part of word) {
    if (part.type === 'variable' && part.name === '@' && part.quoted && !part.operator) {
      context.positional.forEach((value, index) => {
        if (index > 0) fields.push(newField())
        append(fields.at(-1)!, value, true)
      })
      continue
    }
    const value = await partValue(part, context)
    const last = fields.at(-1)!
    if (part.quoted) {
      append(last, value, true)
      last.isKept = true
    } else if (part.type === 'text') {
      append(last, value, false)
      last.isKept = true
    } else splitInto(fields, value)
  }
  return fields.filter(({ isKept, text }) => isKept || text !== '')
}

/** Names that match; the pattern itself when none does. */
function expandFileNames(field: Field, { files, directory }: ExpansionContext): string[] {
  const isPattern = [...field.text].some((char, index) => '*?['.includes(char) && !field.quoted[index])
  if (!isPattern) return [field.text]
  const segments: { text: string; start: number }[] = []
  let start = 0
  for (const text of field.text.split('/')) {
    segments.push({ text, start })
    start += text.length + 1
  }
  let found = ['']
  segments.forEach(({ text, start: offset }, index) => {
    const matches = matcher(text, at => field.quoted[offset + at] ?? false)
    const isPlain = !/[*?[]/.test(text)
    found = found.flatMap(prefix => {
      const joined = (name: string) => (index === 0 ? name : `${prefix}/${name}`)
      if (isPlain) return [joined(text)]
      const folder = absolutePath(index === 0 ? '.' : prefix || '/', directory)
      if (files.kind(folder) !== 'folder') return []
      return files
        .list(folder)
        .filter(name => matches(name) && (text.startsWith('.') || !name.startsWith('.')))
        .map(joined)
    })
  })
  const existing = found.filter(path => files.kind(absolutePath(path, directory)))
  return existing.length > 0 ? existing : [field.text]
}

export async function expandWords(words: readonly Word[], context: ExpansionContext): Promise<string[]> {
  const expanded: string[] = []
  for (const word of words) {
    for (const field of await fieldsOf(word, context)) expanded.push(...expandFileNames(field, context))
  }
  return expanded
}
