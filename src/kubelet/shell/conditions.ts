// The conditions of `test` and `[`: strings, numbers and files, with ! -a -o and parentheses.
import { absolutePath, type ContainerFiles } from '../filesystem.ts'

export class TestError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TestError'
  }
}

interface Surroundings {
  readonly files: ContainerFiles
  readonly directory: string
}

const numbers: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '-eq': (a, b) => a === b,
  '-ne': (a, b) => a !== b,
  '-lt': (a, b) => a < b,
  '-le': (a, b) => a <= b,
  '-gt': (a, b) => a > b,
  '-ge': (a, b) => a >= b,
}
const strings: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
}

function numberOf(text: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new TestError(`${text}: bad number`)
  return Number(text)
}

function unary(operator: string, operand: string, { files, directory }: Surroundings): boolean | undefined {
  const path = absolutePath(operand, directory)
  switch (operator) {
    case '-z':
      return operand === ''
    case '-n':
      return operand !== ''
    case '-e':
      return files.kind(path) !== undefined
    case '-f':
    case '-r':
    case '-w':
      return operator === '-f' ? files.kind(path) === 'file' : files.kind(path) !== undefined
    case '-d':
      return files.kind(path) === 'folder'
    case '-s':
      return files.kind(path) === 'file' && files.read(path).length > 0
    case '-x':
      return files.kind(path) === 'folder' || path.startsWith('/bin/')
    case '-L':
    case '-h':
    case '-t':
      return false
    default:
      return undefined
  }
}

/** Throws TestError. */
export function matchesTest(args: readonly string[], surroundings: Surroundings): boolean {
  let at = 0
  const primary = (): boolean => {
    const first = args[at]
    if (first === undefined) return false
    const second = args[at + 1]
    const third = args[at + 2]
    if (second !== undefined && third !== undefined) {
      const compare = strings[second]
      const compareNumbers = numbers[second]
      if (compare || compareNumbers) at += 3
      if (compare) return compare(first, third)
      if (compareNumbers) return compareNumbers(numberOf(first), numberOf(third))
    }
    if (first === '!' && second !== undefined) {
      at++
      return !primary()
    }
    if (first === '(' && second !== undefined) {
      at++
      const value = or()
      if (args[at++] !== ')') throw new TestError('closing paren expected')
      return value
    }
    const value = second === undefined ? undefined : unary(first, second, surroundings)
    if (value !== undefined) {
      at += 2
      return value
    }
    at++
    return first !== ''
  }
  const and = (): boolean => {
    let value = primary()
    while (args[at] === '-a') {
      at++
      value = primary() && value
    }
    return value
  }
  const or = (): boolean => {
    let value = and()
    while (args[at] === '-o') {
      at++
      value = and() || value
    }
    return value
  }
  const value = or()
  if (at < args.length) throw new TestError(`${args[at]}: unknown operand`)
  return value
}
