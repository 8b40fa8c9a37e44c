// Label selectors, as text (`app=web,tier in (a,b),!old`) and as objects (`spec.selector`): parsed once,
// matched often. Grammar and messages follow apimachinery's pkg/labels/selector.go.
import type { LabelSelector } from '../generated/types.ts'
import { labelValue, qualifiedName } from './names.ts'

export type Labels = Readonly<Record<string, string>>
export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

export type LabelMatcher = (labels: Labels) => boolean

/** The text is no selector; the message is for the client. */
export class SelectorError extends Error {}

type TokenType = 'identifier' | 'end' | '!' | '(' | ')' | ',' | '=' | '==' | '!=' | '>' | '<' | 'in' | 'notin'

interface Token {
  readonly type: TokenType
  readonly text: string
}

const pattern = /\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))/y

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [, symbol, word] = match
    if (symbol) tokens.push({ type: symbol as TokenType, text: symbol })
    else tokens.push({ type: word === 'in' || word === 'notin' ? word : 'identifier', text: word! })
  }
  tokens.push({ type: 'end', text: '' })
  return tokens
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
  }

  /** Where a value may stand, `in` and `notin` are plain words. */
  #peek(keywords: boolean): Token {
    const token = this.#tokens[this.#at]!
    return !keywords && (token.type === 'in' || token.type === 'notin')
      ? { type: 'identifier', text: token.text }
      : token
  }

  #take(keywords = false): Token {
    const token = this.#peek(keywords)
    if (token.type !== 'end') this.#at++
    return token
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const token = this.#peek(false)
      if (token.type === 'end') return requirements
      if (token.type !== 'identifier' && token.type !== '!') {
        throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`)
      }
      requirements.push(this.#requirement())
      const next = this.#take()
      if (next.type === 'end') return requirements
      if (next.type !== ',') {
        throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`)
      }
      const after = this.#peek(false)
      if (after.type !== 'identifier' && after.type !== '!') {
        throw new SelectorError(`found '${after.text}', expected: identifier after ','`)
      }
    }
  }

  #requirement(): LabelRequirement {
    const negated = this.#peek(false).type === '!'
    if (negated) this.#at++
    const key = this.#take()
    if (key.type !== 'identifier') throw unparsable(`found '${key.text}', expected: identifier`)
    const problems = qualifiedName(key.text)
    if (problems.length > 0) {
      throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key.text)}: ${problems.join('; ')}`)
    }
    if (negated) return { key: key.text, operator: '!', values: [] }
    const next = this.#peek(false)
    if (next.type === 'end' || next.type === ',') return { key: key.text, operator: 'exists', values: [] }
    const operator = this.#operator()
    const several = operator === 'in' || operator === 'notin'
    return checked({ key: key.text, operator, values: several ? this.#values() : [this.#exactValue()] })
  }

  #operator(): LabelOperator {
    const { type, text } = this.#take(true)
    switch (type) {
      case '=':
      case '==':
      case '!=':
      case 'in':
      case 'notin':
        return type
      case '>':
        return 'gt'
      case '<':
        return 'lt'
      default:
        throw unparsable(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }

  #exactValue(): string {
    const next = this.#peek(false)
    if (next.type === 'end' || next.type === ',') return ''
    const { type, text } = this.#take()
    if (type !== 'identifier') throw unparsable(`found '${text}', expected: identifier`)
    return text
  }

  #values(): string[] {
    const open = this.#take()
    if (open.type !== '(') throw unparsable(`found '${open.text}' expected: '('`)
    const first = this.#peek(false)
    if (first.type !== 'identifier' && first.type !== ',') {
      if (first.type === ')') {
        this.#at++
        return ['']
      }
      throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`)
    }
    const values = new Set<string>()
    let wanted = true
    for (;;) {
      const { type, text } = this.#take()
      if (type === 'identifier') {
        values.add(text)
        wanted = false
      } else if (type === ',') {
        if (wanted) values.add('')
        wanted = true
      } else if (type === ')') {
        if (wanted) values.add('')
        return [...values].sort()
      } else throw unparsable(`found '${text}', expected: ',', or ')'`)
      const next = this.#peek(false)
      if (type === 'identifier' && next.type !== ',' && next.type !== ')') {
        throw unparsable(`found '${next.text}', expected: ',' or ')'`)
      }
    }
  }
}

const unparsable = (why: string) => new SelectorError(`unable to parse requirement: ${why}`)

function checked(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement
  if (operator === 'gt' || operator === 'lt') {
    if (!/^[+-]?\d+$/.test(values[0]!)) {
      const detail = "for 'Gt', 'Lt' operators, the value must be an integer"
      throw unparsable(`values[0]: Invalid value: ${JSON.stringify(values[0])}: ${detail}`)
    }
  }
  values.forEach((value, index) => {
    const problems = labelValue(value)
    if (problems.length > 0) {
      const where = `values[${index}][${key}]`
      throw unparsable(`${where}: Invalid value: ${JSON.stringify(value)}: ${problems.join('; ')}`)
    }
  })
  return requirement
}

/** Throws SelectorError. The empty text selects everything. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  const requirements = new Parser(text).parse()
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** As `parseLabelSelector` reads it. */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatRequirement).join(',')
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`
    case 'gt':
      return `${key}>${values[0]}`
    case 'lt':
      return `${key}<${values[0]}`
    default:
      return `${key}${operator}${values[0]}`
  }
}

/** The requirements of an object's selector; an absent one selects nothing and gives undefined. */
export function labelRequirements(
  selector: LabelSelector | undefined,
): readonly LabelRequirement[] | undefined {
  if (!selector) return undefined
  const requirements: LabelRequirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: '=',
    values: [value],
  }))
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    switch (operator) {
      case 'In':
        requirements.push({ key, operator: 'in', values })
        break
      case 'NotIn':
        requirements.push({ key, operator: 'notin', values })
        break
      case 'Exists':
        requirements.push({ key, operator: 'exists', values: [] })
        break
      case 'DoesNotExist':
        requirements.push({ key, operator: '!', values: [] })
        break
      default:
        throw new SelectorError(`"${operator}" is not a valid label selector operator`)
    }
  }
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** A label's value; names such as `constructor` that every object inherits are no labels. */
function labelOf(labels: Labels, key: string): string | undefined {
  const value = labels[key]
  return typeof value === 'string' ? value : undefined
}

function compile({ key, operator, values }: LabelRequirement): LabelMatcher {
  const [first] = values
  switch (operator) {
    case '=':
    case '==':
      return labels => labelOf(labels, key) === first
    case '!=':
      return labels => labelOf(labels, key) !== first
    case 'exists':
      return labels => labelOf(labels, key) !== undefined
    case '!':
      return labels => labelOf(labels, key) === undefined
    case 'in': {
      const wanted = new Set(values)
      return labels => {
        const value = labelOf(labels, key)
        return value !== undefined && wanted.has(value)
      }
    }
    case 'notin': {
      const unwanted = new Set(values)
      return labels => {
        const value = labelOf(labels, key)
        return value === undefined || !unwanted.has(value)
      }
    }
    default: {
      const bound = BigInt(first!)
      return labels => {
        const value = labelOf(labels, key)
        if (value === undefined || !/^[+-]?\d+$/.test(value)) return false
        return operator === 'gt' ? BigInt(value) > bound : BigInt(value) < bound
      }
    }
  }
}

/** Undefined when everything matches. */
export function compileLabelSelector(requirements: readonly LabelRequirement[]): LabelMatcher | undefined {
  const matchers = requirements.map(compile)
  if (matchers.length <= 1) return matchers[0]
  return labels => matchers.every(matches => matches(labels))
}

/** For an object's selector: absent matches nothing, empty everything. */
export function labelMatcher(selector: LabelSelector | undefined): LabelMatcher {
  const requirements = labelRequirements(selector)
  if (!requirements) return () => false
  return compileLabelSelector(requirements) ?? (() => true)
}
