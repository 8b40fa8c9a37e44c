// Splits a shell script into words and operators; words keep their quotes, variables and substitutions as
// parts.
import type { Operator, Script, Word, WordPart } from './ast.ts'

export class ShellSyntaxError extends Error {
  /** More text could make it right. */
  readonly isIncomplete: boolean

  constructor(what: string, { isIncomplete = false } = {}) {
    super(`syntax error: ${what}`)
    this.name = 'ShellSyntaxError'
    this.isIncomplete = isIncomplete
  }
}

export type Token =
  | { readonly type: 'word'; readonly word: Word; readonly plain: string | undefined }
  | { readonly type: 'operator'; readonly text: string }
  /** A number before a redirection. */
  | { readonly type: 'descriptor'; readonly number: number }
  | { readonly type: 'end' }

const operators = [
  '&&',
  '||',
  ';;',
  '<<-',
  '<<',
  '>>',
  '>&',
  '<&',
  '&>',
  '|',
  '&',
  ';',
  '(',
  ')',
  '<',
  '>',
  '\n',
]
const nameStart = /[A-Za-z_]/
const nameRest = /[A-Za-z0-9_]/
const incomplete = { isIncomplete: true }

const specials = '?$#@*!-0123456789'

export class Lexer {
  readonly #text: string
  readonly #parse: (script: string) => Script
  readonly #isWhole: boolean
  #at = 0
  readonly #heredocs: {
    delimiter: string
    isRaw: boolean
    isIndented: boolean
    fill: (word: Word) => void
  }[] = []

  /** `parse` is for command substitutions; of a text that is not whole more may follow. */
  constructor(text: string, parse: (script: string) => Script, isWhole = true) {
    this.#text = text
    this.#parse = parse
    this.#isWhole = isWhole
  }

  next(): Token {
    this.#skipBlanks()
    if (this.#at >= this.#text.length) return { type: 'end' }
    const operator = operators.find(text => this.#text.startsWith(text, this.#at))
    if (operator) {
      this.#at += operator.length
      if (operator === '\n') this.#readHeredocs()
      return { type: 'operator', text: operator }
    }
    const number = /^\d+(?=[<>])/.exec(this.#text.slice(this.#at, this.#at + 3))
    if (number) {
      this.#at += number[0].length
      return { type: 'descriptor', number: Number(number[0]) }
    }
    const word = this.#word(char => ' \t\n|&;()<>'.includes(char))
    const [only] = word
    const isPlain = word.length === 1 && only?.type === 'text' && !only.quoted
    return { type: 'word', word, plain: isPlain ? only.text : undefined }
  }

  /** The text follows after the current line. */
  heredoc(delimiter: Word, isIndented: boolean, fill: (word: Word) => void): void {
    const text = delimiter.map(part => (part.type === 'text' ? part.text : '')).join('')
    const isRaw = delimiter.some(part => part.quoted)
    this.#heredocs.push({ delimiter: text, isRaw, isIndented, fill })
  }

  #readHeredocs(): void {
    for (const { delimiter, isRaw, isIndented, fill } of this.#heredocs.splice(0)) {
      let body = ''
      for (;;) {
        if (this.#at >= this.#text.length) {
          if (this.#isWhole) break
          throw new ShellSyntaxError('unexpected end of file', incomplete)
        }
        const end = this.#text.indexOf('\n', this.#at)
        const stop = end < 0 ? this.#text.length : end
        const line = this.#text.slice(this.#at, stop)
        this.#at = Math.min(stop + 1, this.#text.length)
        const shown = isIndented ? line.replace(/^\t+/, '') : line
        if (shown === delimiter) break
        body += `${shown}\n`
      }
      const lexer = new Lexer(body, this.#parse)
      fill(isRaw ? [{ type: 'text', text: body, quoted: true }] : lexer.quotedText())
    }
  }

  /** The whole text as if it stood in double quotes. */
  quotedText(): Word {
    const parts: WordPart[] = []
    while (this.#at < this.#text.length) this.#quotedPart(parts, '$`\\')
    return parts
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.#text[this.#at]
      if (char === ' ' || char === '\t') this.#at++
      else if (this.#text.startsWith('\\\n', this.#at)) this.#at += 2
      else if (char === '#') {
        const end = this.#text.indexOf('\n', this.#at)
        this.#at = end < 0 ? this.#text.length : end
      } else return
    }
  }

  #word(ends: (char: string) => boolean): Word {
    const parts: WordPart[] = []
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!
      if (ends(char)) break
      if (char === "'") {
        const end = this.#text.indexOf("'", this.#at + 1)
        if (end < 0) throw new ShellSyntaxError('unterminated quoted string', incomplete)
        parts.push({ type: 'text', text: this.#text.slice(this.#at + 1, end), quoted: true })
        this.#at = end + 1
      } else if (char === '"') this.#doubleQuoted(parts)
      else if (char === '\\') {
        const next = this.#text[this.#at + 1] ?? ''
        if (next !== '\n') parts.push({ type: 'text', text: next, quoted: true })
        this.#at += 2
      } else if (char === '$' || char === '`') parts.push(this.#expansion(false))
      else this.#plainText(parts, ends)
    }
    return parts
  }

  #plainText(parts: WordPart[], ends: (char: string) => boolean): void {
    const start = this.#at
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!
      if (ends(char) || `'"\\$\``.includes(char)) break
      this.#at++
    }
    parts.push({ type: 'text', text: this.#text.slice(start, this.#at), quoted: false })
  }

  #doubleQuoted(parts: WordPart[]): void {
    this.#at++
    const before = parts.length
    while (this.#text[this.#at] !== '"') {
      if (this.#at >= this.#text.length) throw new ShellSyntaxError('unterminated quoted string', incomplete)
      this.#quotedPart(parts, '$`"\\')
    }
    this.#at++
    if (parts.length === before) parts.push({ type: 'text', text: '', quoted: true })
  }

  #quotedPart(parts: WordPart[], escapable: string): void {
    const char = this.#text[this.#at]!
    if (char === '$' || char === '`') {
      parts.push(this.#expansion(true))
      return
    }
    if (char === '\\' && escapable.includes(this.#text[this.#at + 1] ?? ' ')) {
      parts.push({ type: 'text', text: this.#text[this.#at + 1] ?? '', quoted: true })
      this.#at += 2
      return
    }
    const start = this.#at++
    while (this.#at < this.#text.length && !'$`"\\'.includes(this.#text[this.#at]!)) this.#at++
    parts.push({ type: 'text', text: this.#text.slice(start, this.#at), quoted: true })
  }

  #expansion(quoted: boolean): WordPart {
    if (this.#text[this.#at] === '`') {
      const end = this.#text.indexOf('`', this.#at + 1)
      if (end < 0) throw new ShellSyntaxError('unterminated backquote', incomplete)
      const script = this.#parse(this.#text.slice(this.#at + 1, end))
      this.#at = end + 1
      return { type: 'command', script, quoted }
    }
    const next = this.#text[this.#at + 1] ?? ''
    if (this.#text.startsWith('$((', this.#at)) return this.#arithmetic(quoted)
    if (next === '(') {
      const end = this.#closing(this.#at + 2)
      const script = this.#parse(this.#text.slice(this.#at + 2, end))
      this.#at = end + 1
      return { type: 'command', script, quoted }
    }
    if (next === '{') return this.#braced(quoted)
    if (nameStart.test(next)) {
      const start = ++this.#at
      while (nameRest.test(this.#text[this.#at] ?? '')) this.#at++
      return { type: 'variable', name: this.#text.slice(start, this.#at), quoted }
    }
    if (next !== '' && specials.includes(next)) {
      this.#at += 2
      return { type: 'variable', name: next, quoted }
    }
    this.#at++
    return { type: 'text', text: '$', quoted: true }
  }

  #arithmetic(quoted: boolean): WordPart {
    const end = this.#text.indexOf('))', this.#at)
    if (end < 0) throw new ShellSyntaxError('unterminated arithmetic expression', incomplete)
    const expression = this.#text.slice(this.#at + 3, end)
    this.#at = end + 2
    return { type: 'arithmetic', expression, quoted }
  }

  #braced(quoted: boolean): WordPart {
    const match = /^\$\{(#?)([A-Za-z_][A-Za-z0-9_]*|[?$#@*!0-9-])(:?)([-=+?]|##?|%%?)?/.exec(
      this.#text.slice(this.#at),
    )
    const [whole = '', length, name = '', colon, kind] = match ?? []
    if (!match) throw new ShellSyntaxError('bad substitution')
    this.#at += whole.length
    const word = kind ? this.#word(char => char === '}') : []
    if (this.#text[this.#at] !== '}') throw new ShellSyntaxError('bad substitution')
    this.#at++
    if (length)
      return { type: 'variable', name, quoted, operator: { kind: 'length', colon: false, word: [] } }
    if (!kind) return { type: 'variable', name, quoted }
    const operator = { kind: kind as Operator['kind'], colon: colon === ':', word }
    return { type: 'variable', name, quoted, operator }
  }

  /** Where the parenthesis that is open before `from` is closed. */
  #closing(from: number): number {
    let depth = 1
    let quote = ''
    for (let index = from; index < this.#text.length; index++) {
      const char = this.#text[index]!
      if (char === '\\' && quote !== "'") index++
      else if (quote) quote = char === quote ? '' : quote
      else if (char === '"' || char === "'") quote = char
      else if (char === '(') depth++
      else if (char === ')' && --depth === 0) return index
    }
    throw new ShellSyntaxError('unexpected end of file (expecting ")")', incomplete)
  }
}
