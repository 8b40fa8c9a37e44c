// Parses shell scripts: lists, pipelines, simple and compound commands, redirections, here-documents.
import type { AndOr, Command, CompoundCommand, Pipeline, Redirection, Script, Word } from './ast.ts'
import { Lexer, ShellSyntaxError, type Token } from './lexer.ts'

const reserved = [
  'if',
  'then',
  'elif',
  'else',
  'fi',
  'while',
  'until',
  'for',
  'do',
  'done',
  'case',
  'esac',
  '{',
  '}',
  '!',
]
const closing = ['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']
const redirections = ['<', '>', '>>', '>&', '<&', '<<', '<<-', '&>']

/** Throws ShellSyntaxError. */
export function parseShell(text: string): Script {
  return new Parser(text).script()
}

/** Of lines that more may follow; undefined when more has to. Throws ShellSyntaxError. */
export function parseLines(text: string): Script | undefined {
  if (/(?<!\\)(\\\\)*\\\n$/.test(text)) return undefined
  try {
    return new Parser(text, false).script()
  } catch (error) {
    if (error instanceof ShellSyntaxError && error.isIncomplete) return undefined
    throw error
  }
}

class Parser {
  readonly #lexer: Lexer
  #token: Token

  constructor(text: string, isWhole = true) {
    this.#lexer = new Lexer(text, parseShell, isWhole)
    this.#token = this.#lexer.next()
  }

  script(): Script {
    const script = this.#list()
    if (this.#token.type !== 'end') throw this.#unexpected()
    return script
  }

  #advance(): Token {
    const token = this.#token
    this.#token = this.#lexer.next()
    return token
  }

  #isOperator(...texts: string[]): boolean {
    return this.#token.type === 'operator' && texts.includes(this.#token.text)
  }

  #isWord(...texts: string[]): boolean {
    return this.#token.type === 'word' && this.#token.plain !== undefined && texts.includes(this.#token.plain)
  }

  #unexpected(): ShellSyntaxError {
    const token = this.#token
    if (token.type === 'end') return new ShellSyntaxError('unexpected end of file', { isIncomplete: true })
    const text =
      token.type === 'operator' ? token.text : token.type === 'word' ? (token.plain ?? 'word') : 'number'
    return new ShellSyntaxError(`unexpected "${text === '\n' ? 'newline' : text}"`)
  }

  #expectWord(text: string): void {
    if (!this.#isWord(text)) throw this.#unexpected()
    this.#advance()
  }

  #skipNewlines(): void {
    while (this.#isOperator('\n')) this.#advance()
  }

  /** Until something that cannot begin a command. */
  #list(): Script {
    const list: AndOr[] = []
    for (;;) {
      while (this.#isOperator('\n', ';')) this.#advance()
      if (this.#token.type === 'end' || this.#isOperator(')', ';;') || this.#isWord(...closing)) return list
      const first = this.#pipeline()
      const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = []
      while (this.#isOperator('&&', '||')) {
        const token = this.#advance()
        const operator = token.type === 'operator' && token.text === '&&' ? '&&' : '||'
        this.#skipNewlines()
        rest.push({ operator, pipeline: this.#pipeline() })
      }
      const background = this.#isOperator('&')
      if (background) this.#advance()
      else if (this.#token.type === 'operator' && !this.#isOperator('\n', ';', ')', ';;'))
        throw this.#unexpected()
      list.push({ first, rest, background })
    }
  }

  #pipeline(): Pipeline {
    const negated = this.#isWord('!')
    if (negated) this.#advance()
    const commands = [this.#command()]
    while (this.#isOperator('|')) {
      this.#advance()
      this.#skipNewlines()
      commands.push(this.#command())
    }
    return { negated, commands }
  }

  #command(): Command {
    const compound = this.#compound()
    if (!compound) return this.#simple()
    return { ...compound, redirections: this.#redirections() }
  }

  #compound(): CompoundCommand | undefined {
    if (this.#isOperator('(')) {
      this.#advance()
      const body = this.#list()
      if (!this.#isOperator(')')) throw this.#unexpected()
      this.#advance()
      return { type: 'subshell', body }
    }
    if (this.#isWord('{')) {
      this.#advance()
      const body = this.#list()
      this.#expectWord('}')
      return { type: 'group', body }
    }
    if (this.#isWord('if')) return this.#if()
    if (this.#isWord('while', 'until')) return this.#while()
    if (this.#isWord('for')) return this.#for()
    if (this.#isWord('case')) return this.#case()
    if (this.#isWord(...reserved)) throw this.#unexpected()
    return undefined
  }

  #if(): CompoundCommand {
    const branches: { condition: Script; body: Script }[] = []
    while (this.#isWord('if', 'elif')) {
      this.#advance()
      const condition = this.#list()
      this.#expectWord('then')
      branches.push({ condition, body: this.#list() })
    }
    let otherwise: Script | undefined
    if (this.#isWord('else')) {
      this.#advance()
      otherwise = this.#list()
    }
    this.#expectWord('fi')
    return { type: 'if', branches, ...(otherwise ? { otherwise } : {}) }
  }

  #while(): CompoundCommand {
    const until = this.#isWord('until')
    this.#advance()
    const condition = this.#list()
    return { type: 'while', condition, until, body: this.#doGroup() }
  }

  #doGroup(): Script {
    this.#expectWord('do')
    const body = this.#list()
    this.#expectWord('done')
    return body
  }

  #for(): CompoundCommand {
    this.#advance()
    const token = this.#advance()
    if (token.type !== 'word' || token.plain === undefined) throw this.#unexpected()
    const name = token.plain
    this.#skipNewlines()
    let words: Word[] | undefined
    if (this.#isWord('in')) {
      this.#advance()
      words = []
      for (let item: Token = this.#token; item.type === 'word'; item = this.#token) {
        words.push(item.word)
        this.#advance()
      }
    }
    while (this.#isOperator('\n', ';')) this.#advance()
    return { type: 'for', name, ...(words ? { words } : {}), body: this.#doGroup() }
  }

  #case(): CompoundCommand {
    this.#advance()
    const token = this.#advance()
    if (token.type !== 'word') throw this.#unexpected()
    this.#skipNewlines()
    this.#expectWord('in')
    const branches: { patterns: Word[]; body: Script }[] = []
    this.#skipNewlines()
    while (!this.#isWord('esac')) {
      if (this.#isOperator('(')) this.#advance()
      const patterns: Word[] = []
      for (;;) {
        const pattern = this.#advance()
        if (pattern.type !== 'word') throw this.#unexpected()
        patterns.push(pattern.word)
        if (!this.#isOperator('|')) break
        this.#advance()
      }
      if (!this.#isOperator(')')) throw this.#unexpected()
      this.#advance()
      branches.push({ patterns, body: this.#list() })
      if (this.#isOperator(';;')) this.#advance()
      this.#skipNewlines()
    }
    this.#advance()
    return { type: 'case', subject: token.word, branches }
  }

  #redirections(): Redirection[] {
    const found: Redirection[] = []
    for (let next = this.#redirection(); next; next = this.#redirection()) found.push(...next)
    return found
  }

  #redirection(): Redirection[] | undefined {
    let descriptor: number | undefined
    if (this.#token.type === 'descriptor') {
      descriptor = this.#token.number
      this.#advance()
    }
    if (!this.#isOperator(...redirections)) return undefined
    const token = this.#advance()
    const operator = token.type === 'operator' ? token.text : ''
    const target = this.#token
    if (target.type !== 'word') throw this.#unexpected()
    if (operator.startsWith('<<')) return [this.#heredoc(descriptor ?? 0, target.word, operator === '<<-')]
    this.#advance()
    if (operator === '&>') {
      const two: Word = [{ type: 'text', text: '1', quoted: true }]
      return [
        { descriptor: 1, operator: '>', target: target.word },
        { descriptor: 2, operator: '>&', target: two },
      ]
    }
    const fallback = operator.startsWith('<') ? 0 : 1
    return [
      {
        descriptor: descriptor ?? fallback,
        operator: operator as Redirection['operator'],
        target: target.word,
      },
    ]
  }

  #heredoc(descriptor: number, delimiter: Word, isIndented: boolean): Redirection {
    const redirection: { descriptor: number; operator: '<<'; target: Word } = {
      descriptor,
      operator: '<<',
      target: [],
    }
    this.#lexer.heredoc(delimiter, isIndented, word => {
      redirection.target = word
    })
    this.#advance()
    return redirection
  }

  #simple(): Command {
    const assignments: { name: string; value: Word }[] = []
    const words: Word[] = []
    const found: Redirection[] = []
    for (;;) {
      const next = this.#redirection()
      if (next) {
        found.push(...next)
        continue
      }
      if (this.#token.type !== 'word') break
      const { word } = this.#token
      const assignment = words.length === 0 ? splitAssignment(word) : undefined
      if (assignment) assignments.push(assignment)
      else words.push(word)
      this.#advance()
      if (words.length === 1 && this.#isOperator('(')) return this.#function(words[0]!)
    }
    if (words.length + assignments.length + found.length === 0) throw this.#unexpected()
    return { type: 'simple', assignments, words, redirections: found }
  }

  #function(word: Word): Command {
    const [part] = word
    this.#advance()
    if (!this.#isOperator(')') || part?.type !== 'text') throw this.#unexpected()
    this.#advance()
    this.#skipNewlines()
    return { type: 'function', name: part.text, body: this.#command(), redirections: [] }
  }
}

function splitAssignment(word: Word): { name: string; value: Word } | undefined {
  const [first, ...rest] = word
  if (first?.type !== 'text' || first.quoted) return undefined
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(first.text)
  if (!match) return undefined
  const text = first.text.slice(match[0].length)
  return { name: match[1]!, value: text === '' ? rest : [{ ...first, text }, ...rest] }
}
