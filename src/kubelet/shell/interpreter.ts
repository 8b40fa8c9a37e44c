// Runs shell scripts: lists, pipelines (all commands at once, joined by pipes), compound commands,
// functions and redirections to files in memory. Commands are those of commands/, builtins those of
// builtins.ts.

import { withoutTrailing } from '../../component/text.ts'
import { absolutePath, FileError } from '../filesystem.ts'
import { ArithmeticError } from './arithmetic.ts'
import type { AndOr, Command, Pipeline, Script, SimpleCommand } from './ast.ts'
import { builtins } from './builtins.ts'
import { findCommand } from './commands/index.ts'
import { ExpansionError, ShellExit, ShellJump } from './flow.ts'
import { ShellSyntaxError } from './lexer.ts'
import { checkLength, forked, LimitError, takeTurn } from './limits.ts'
import { redirect } from './redirection.ts'
import { BrokenPipe, Collector, type Input, LineReader, Pipe } from './streams.ts'
import { type ExpansionContext, expandToPattern, expandToText, expandWords } from './wordexpansion.ts'
import type { Streams, World } from './world.ts'

export interface ShellOptions {
  readonly world: World
  /** All of them exported. */
  readonly variables: ReadonlyMap<string, string>
  readonly directory: string
  readonly signal: AbortSignal
  readonly name?: string
  readonly positional?: readonly string[]
}

const deepest = 200

export class Shell {
  readonly world: World
  readonly signal: AbortSignal
  readonly variables: Map<string, string>
  readonly exported: Set<string>
  readonly functions = new Map<string, Command>()
  /** What runs behind. */
  readonly jobs = new Set<Promise<unknown>>()
  readonly name: string
  positional: readonly string[]
  directory: string
  status = 0
  readonly settings = { errexit: false, xtrace: false }
  #depth = 0
  /** `errexit` does not look at conditions. */
  #conditions = 0
  readonly #readers = new WeakMap<Input, LineReader>()

  constructor(options: ShellOptions) {
    this.world = options.world
    this.signal = options.signal
    this.variables = new Map(options.variables)
    this.exported = new Set(options.variables.keys())
    this.name = options.name ?? 'sh'
    this.positional = options.positional ?? []
    this.directory = options.directory
  }

  /** The exit code; a script that calls `exit`, or is no shell script, ends with one as well. */
  async runWhole(script: () => Promise<number>, streams: Streams): Promise<number> {
    try {
      return await script()
    } catch (error) {
      if (error instanceof ShellExit) return error.exitCode
      if (error instanceof ShellJump) return error.kind === 'return' ? error.count : this.status
      if (error instanceof BrokenPipe) return 141
      if (!(error instanceof ShellSyntaxError)) throw error
      await streams.stderr.write(`${this.name}: ${error.message}\n`)
      return 2
    }
  }

  async runScript(script: Script, streams: Streams): Promise<number> {
    for (const item of script) {
      if (item.background) this.#runBehind(item, streams)
      else await this.#runAndOr(item, streams)
      if (this.settings.errexit && this.status !== 0 && this.#conditions === 0 && item.rest.length === 0) {
        throw new ShellExit(this.status)
      }
    }
    return this.status
  }

  #runBehind(item: Script[number], streams: Streams): void {
    const shell = this.#copy()
    const run = forked(this.world, () => shell.runScript([{ ...item, background: false }], streams))
    const job: Promise<unknown> = run.catch(() => 1).finally(() => this.jobs.delete(job))
    this.jobs.add(job)
  }

  /** Lines of an input, without losing what is read ahead. */
  reader(input: Input): LineReader {
    if (input instanceof LineReader) return input
    const reader = this.#readers.get(input) ?? new LineReader(input)
    this.#readers.set(input, reader)
    return reader
  }

  exportedVariables(): Map<string, string> {
    return new Map([...this.variables].filter(([name]) => this.exported.has(name)))
  }

  /** Runs one command by its words, as if they had been typed. */
  async runWords(
    argv: readonly string[],
    streams: Streams,
    variables?: ReadonlyMap<string, string>,
  ): Promise<number> {
    const [name = '', ...args] = argv
    const builtin = builtins[name]
    if (builtin) return builtin(this, args, streams)
    const command = findCommand(name)
    if (!command) {
      const isPath = name.includes('/')
      await streams.stderr.write(`${this.name}: ${name}: not found\n`)
      return isPath && this.world.files.kind(absolutePath(name, this.directory)) === 'file' ? 126 : 127
    }
    const { stdin, stdout, stderr } = streams
    return command({
      name: name.slice(name.lastIndexOf('/') + 1),
      args,
      stdin,
      stdout,
      stderr,
      world: this.world,
      directory: this.directory,
      variables: variables ?? this.exportedVariables(),
      signal: this.signal,
      run: async (words, environment, inner) => {
        await takeTurn(this.world, this.signal)
        const shell = this.#copy(environment)
        return forked(this.world, () => shell.runWords(words, inner, environment))
      },
    })
  }

  #copy(variables?: ReadonlyMap<string, string>): Shell {
    const copy = new Shell({
      world: this.world,
      variables: variables ?? this.variables,
      directory: this.directory,
      signal: this.signal,
      name: this.name,
      positional: this.positional,
    })
    if (!variables)
      for (const name of this.variables.keys()) if (!this.exported.has(name)) copy.exported.delete(name)
    for (const [name, body] of this.functions) copy.functions.set(name, body)
    copy.status = this.status
    copy.settings.errexit = this.settings.errexit
    return copy
  }

  async #runAndOr({ first, rest }: AndOr, streams: Streams): Promise<void> {
    if (rest.length > 0) this.#conditions++
    try {
      this.status = await this.#runPipeline(first, streams)
      for (const { operator, pipeline } of rest) {
        if ((operator === '&&') === (this.status === 0))
          this.status = await this.#runPipeline(pipeline, streams)
      }
    } finally {
      if (rest.length > 0) this.#conditions--
    }
  }

  async #runPipeline({ commands, negated }: Pipeline, streams: Streams): Promise<number> {
    const [only] = commands
    const status =
      commands.length === 1 && only
        ? await this.#runCommand(only, streams)
        : await this.#runPipes(commands, streams)
    return negated ? (status === 0 ? 1 : 0) : status
  }

  async #runPipes(commands: readonly Command[], streams: Streams): Promise<number> {
    let input = streams.stdin
    const running = commands.map(async (command, index) => {
      const isLast = index === commands.length - 1
      const pipe = new Pipe()
      const own = { ...streams, stdin: input, stdout: isLast ? streams.stdout : pipe }
      const from = input
      input = pipe
      const shell = this.#copy()
      try {
        return await forked(this.world, () => shell.#runCommand(command, own))
      } catch (error) {
        if (error instanceof BrokenPipe) return 141
        if (error instanceof ShellExit) return error.exitCode
        if (!(error instanceof LimitError)) throw error
        await streams.stderr.write(`${this.name}: ${error.message}\n`)
        return 2
      } finally {
        pipe.close()
        if (from instanceof Pipe && index > 0) from.cancel()
      }
    })
    const codes = await Promise.all(running)
    return codes.at(-1) ?? 0
  }

  async #runCommand(command: Command, streams: Streams): Promise<number> {
    await takeTurn(this.world, this.signal)
    if (this.#depth >= deepest) throw new ExpansionError('too much recursion')
    this.#depth++
    try {
      const redirected = await redirect(command.redirections, streams, {
        files: this.world.files,
        directory: this.directory,
        name: this.name,
        expand: word => expandToText(word, this.#expansion(streams)),
      })
      if (!redirected) return 1
      return command.type === 'simple'
        ? await this.#runSimple(command, redirected)
        : await this.#runCompound(command, redirected)
    } catch (error) {
      const isOurs =
        error instanceof ExpansionError || error instanceof ArithmeticError || error instanceof FileError
      if (!isOurs) throw error
      await streams.stderr.write(`${this.name}: ${error.message}\n`)
      return error instanceof FileError ? 1 : 2
    } finally {
      this.#depth--
    }
  }

  async #runSimple({ assignments, words }: SimpleCommand, streams: Streams): Promise<number> {
    const context = this.#expansion(streams)
    const argv = await expandWords(words, context)
    const values: [string, string][] = []
    for (const { name, value } of assignments) values.push([name, await expandToText(value, context)])
    if (this.settings.xtrace && argv.length > 0) await streams.stderr.write(`+ ${argv.join(' ')}\n`)
    const [name] = argv
    if (name === undefined) {
      for (const [variable, value] of values) this.variables.set(variable, value)
      return assignments.length > 0 && this.#substituted !== undefined ? this.#substituted : 0
    }
    const body = this.functions.get(name)
    if (body) return this.#call(body, argv.slice(1), streams)
    if (values.length === 0) return this.runWords(argv, streams)
    if (builtins[name]) {
      for (const [variable, value] of values) this.variables.set(variable, value)
      return this.runWords(argv, streams)
    }
    return this.runWords(argv, streams, new Map([...this.exportedVariables(), ...values]))
  }

  /** The status of the last command substitution of the current command. */
  #substituted: number | undefined

  async #call(body: Command, args: readonly string[], streams: Streams): Promise<number> {
    const before = this.positional
    this.positional = args
    try {
      return await this.#runCommand(body, streams)
    } catch (error) {
      if (error instanceof ShellJump && error.kind === 'return') return error.count
      throw error
    } finally {
      this.positional = before
    }
  }

  async #runCompound(command: Exclude<Command, SimpleCommand>, streams: Streams): Promise<number> {
    switch (command.type) {
      case 'subshell':
        return this.#inSubshell(shell => shell.runScript(command.body, streams))
      case 'group':
        return this.runScript(command.body, streams)
      case 'if':
        for (const { condition, body } of command.branches) {
          if ((await this.#test(condition, streams)) === 0) return this.#body(body, streams)
        }
        return command.otherwise ? this.#body(command.otherwise, streams) : 0
      case 'while':
        return this.#loop(command, streams)
      case 'for': {
        const words = command.words
          ? await expandWords(command.words, this.#expansion(streams))
          : this.positional
        return this.#each(command.name, words, { body: command.body, streams })
      }
      case 'case': {
        const context = this.#expansion(streams)
        const subject = await expandToText(command.subject, context)
        for (const { patterns, body } of command.branches) {
          for (const pattern of patterns) {
            const matches = await expandToPattern(pattern, context)
            if (matches(subject)) return this.#body(body, streams)
          }
        }
        return 0
      }
      case 'function':
        this.functions.set(command.name, command.body)
        return 0
    }
  }

  #inSubshell(run: (shell: Shell) => Promise<number>): Promise<number> {
    const shell = this.#copy()
    return forked(this.world, () => run(shell)).catch(error => {
      if (error instanceof ShellExit) return error.exitCode
      throw error
    })
  }

  async #body(script: Script, streams: Streams): Promise<number> {
    this.status = 0
    return this.runScript(script, streams)
  }

  async #test(condition: Script, streams: Streams): Promise<number> {
    this.#conditions++
    try {
      return await this.runScript(condition, streams)
    } finally {
      this.#conditions--
    }
  }

  async #loop(
    { condition, body, until }: { condition: Script; body: Script; until: boolean },
    streams: Streams,
  ): Promise<number> {
    let status = 0
    for (;;) {
      await takeTurn(this.world, this.signal)
      if (((await this.#test(condition, streams)) === 0) === until) return status
      const goesOn = await this.#iteration(body, streams)
      status = this.status
      if (!goesOn) return status
    }
  }

  async #each(
    name: string,
    words: readonly string[],
    { body, streams }: { body: Script; streams: Streams },
  ): Promise<number> {
    this.status = 0
    for (const word of words) {
      this.variables.set(name, word)
      if (!(await this.#iteration(body, streams))) break
    }
    return this.status
  }

  /** False after `break`. */
  async #iteration(body: Script, streams: Streams): Promise<boolean> {
    try {
      await this.#body(body, streams)
      return true
    } catch (error) {
      if (!(error instanceof ShellJump) || error.kind === 'return') throw error
      this.status = 0
      if (error.count > 1) {
        error.count--
        throw error
      }
      return error.kind === 'continue'
    }
  }

  #expansion(streams: Streams): ExpansionContext {
    this.#substituted = undefined
    return {
      variables: this.variables,
      positional: this.positional,
      files: this.world.files,
      directory: this.directory,
      special: name => this.#special(name),
      substitute: async script => {
        const output = new Collector()
        this.#substituted = await this.#inSubshell(shell =>
          shell.runScript(script, { ...streams, stdout: output }),
        )
        checkLength(output.bytes.length)
        return withoutTrailing(output.text, '\n')
      },
    }
  }

  #special(name: string): string | undefined {
    if (name === '?') return String(this.status)
    if (name === '$') return '1'
    if (name === '0') return this.name
    if (name === '-') return this.settings.errexit ? 'e' : ''
    return name === '!' ? '' : undefined
  }
}
