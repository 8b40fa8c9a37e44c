// Arithmetic of the shell: $(( ... )) over integers and variables.

export class ArithmeticError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ArithmeticError'
  }
}

type Operation = (a: number, b: number) => number

const flag = (value: boolean) => (value ? 1 : 0)

/** By precedence, the loosest first. */
const levels: readonly Readonly<Record<string, Operation>>[] = [
  { '||': (a, b) => flag(a !== 0 || b !== 0) },
  { '&&': (a, b) => flag(a !== 0 && b !== 0) },
  { '|': (a, b) => a | b },
  { '^': (a, b) => a ^ b },
  { '&': (a, b) => a & b },
  { '==': (a, b) => flag(a === b), '!=': (a, b) => flag(a !== b) },
  {
    '<=': (a, b) => flag(a <= b),
    '>=': (a, b) => flag(a >= b),
    '<': (a, b) => flag(a < b),
    '>': (a, b) => flag(a > b),
  },
  { '<<': (a, b) => a << b, '>>': (a, b) => a >> b },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => divide(a, b), '%': (a, b) => remainder(a, b) },
]

function divide(a: number, b: number): number {
  if (b === 0) throw new ArithmeticError('divide by zero')
  return Math.trunc(a / b)
}

function remainder(a: number, b: number): number {
  if (b === 0) throw new ArithmeticError('divide by zero')
  return a % b
}

const tokenPattern = /\s*(\d+|[A-Za-z_]\w*|\|\||&&|[=!<>]=|<<|>>|[-+*/%()<>!~&|^?:=])/y

/** Throws ArithmeticError. */
export function evaluateArithmetic(text: string, variables: Map<string, string>): number {
  const tokens: string[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const match = tokenPattern.exec(text)
    if (!match) throw new ArithmeticError('arithmetic syntax error')
    tokens.push(match[1]!)
  }
  let at = 0
  const accept = (...texts: string[]) => (texts.includes(tokens[at] ?? '') ? tokens[at++] : undefined)

  const primary = (): number => {
    const sign = accept('-', '+', '!', '~')
    if (sign) {
      const value = primary()
      return sign === '-' ? -value : sign === '!' ? flag(value === 0) : sign === '~' ? ~value : value
    }
    if (accept('(')) {
      const value = assignment()
      if (!accept(')')) throw new ArithmeticError('arithmetic syntax error')
      return value
    }
    const token = tokens[at++]
    if (token === undefined) throw new ArithmeticError('arithmetic syntax error')
    if (/^\d/.test(token)) return Number(token)
    if (!/^[A-Za-z_]/.test(token)) throw new ArithmeticError('arithmetic syntax error')
    return Number.parseInt(variables.get(token) || '0', 10) || 0
  }
  const binary = (level: number): number => {
    const operations = levels[level]
    if (!operations) return primary()
    let value = binary(level + 1)
    for (let name = accept(...Object.keys(operations)); name; name = accept(...Object.keys(operations))) {
      value = operations[name]!(value, binary(level + 1))
    }
    return value
  }
  const ternary = (): number => {
    const condition = binary(0)
    if (!accept('?')) return condition
    const yes = assignment()
    if (!accept(':')) throw new ArithmeticError('arithmetic syntax error')
    const no = assignment()
    return condition === 0 ? no : yes
  }
  const assignment = (): number => {
    const name = tokens[at]
    if (name && /^[A-Za-z_]/.test(name) && tokens[at + 1] === '=') {
      at += 2
      const value = assignment()
      variables.set(name, String(value))
      return value
    }
    return ternary()
  }
  if (tokens.length === 0) return 0
  const value = assignment()
  if (at < tokens.length) throw new ArithmeticError('arithmetic syntax error')
  return value
}
