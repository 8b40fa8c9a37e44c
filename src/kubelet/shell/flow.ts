// How a shell script leaves its course: exit, break, continue and return, thrown through the interpreter.

/** `exit`. */
export class ShellExit extends Error {
  readonly exitCode: number
  constructor(exitCode: number) {
    super('exit')
    this.exitCode = exitCode
  }
}

/** `break`, `continue` and `return`. */
export class ShellJump extends Error {
  readonly kind: 'break' | 'continue' | 'return'
  /** How many loops, or the exit code of `return`. */
  count: number
  constructor(kind: 'break' | 'continue' | 'return', count: number) {
    super(kind)
    this.kind = kind
    this.count = count
  }
}

/** `${NAME:?word}` found nothing, `set -u` an unset variable, or there is no room for the result. */
export class ExpansionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ExpansionError'
  }
}
