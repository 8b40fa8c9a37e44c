// The syntax tree of the simulated shell: the part of POSIX sh that Pods' commands use.

/** A word is text in pieces; adjacent pieces belong together. */
export type WordPart =
  | { readonly type: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly type: 'variable'
      readonly name: string
      readonly quoted: boolean
      readonly operator?: Operator
    }
  | { readonly type: 'command'; readonly script: Script; readonly quoted: boolean }
  | { readonly type: 'arithmetic'; readonly expression: string; readonly quoted: boolean }

/** ${name:-word} and its like; `length` is ${#name}. */
export interface Operator {
  readonly kind: '-' | '=' | '+' | '?' | '#' | '##' | '%' | '%%' | 'length'
  /** With the colon an empty value counts as none. */
  readonly colon: boolean
  readonly word: Word
}

export type Word = readonly WordPart[]

export interface Redirection {
  readonly descriptor: number
  readonly operator: '<' | '>' | '>>' | '>&' | '<&' | '<<'
  readonly target: Word
}

export interface SimpleCommand {
  readonly type: 'simple'
  readonly assignments: readonly { readonly name: string; readonly value: Word }[]
  readonly words: readonly Word[]
}

export type CompoundCommand =
  | { readonly type: 'subshell'; readonly body: Script }
  | { readonly type: 'group'; readonly body: Script }
  | {
      readonly type: 'if'
      readonly branches: readonly { readonly condition: Script; readonly body: Script }[]
      readonly otherwise?: Script
    }
  | { readonly type: 'while'; readonly condition: Script; readonly body: Script; readonly until: boolean }
  | {
      readonly type: 'for'
      readonly name: string
      /** Absent: the positional parameters. */
      readonly words?: readonly Word[]
      readonly body: Script
    }
  | {
      readonly type: 'case'
      readonly subject: Word
      readonly branches: readonly { readonly patterns: readonly Word[]; readonly body: Script }[]
    }
  | { readonly type: 'function'; readonly name: string; readonly body: Command }

export type Command = (SimpleCommand | CompoundCommand) & { readonly redirections: readonly Redirection[] }

export interface Pipeline {
  readonly negated: boolean
  readonly commands: readonly Command[]
}

export interface AndOr {
  readonly first: Pipeline
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[]
  /** Ended with &. */
  readonly background: boolean
}

export type Script = readonly AndOr[]
