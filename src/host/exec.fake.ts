// Programs that are not there: answers come from a function, and every command line is kept.
import { type Exec, ExecError, type ExecOptions, type ExecResult } from './exec.ts'

/** What a fake program does: its output, or how it fails. */
export interface FakeAnswer {
  readonly stdout?: string
  readonly stderr?: string
  /** Default 0. */
  readonly exitCode?: number
}

export type FakeProgram = (
  args: readonly string[],
  options: ExecOptions,
) => FakeAnswer | string | undefined | Promise<FakeAnswer | string | undefined>

export class FakeExec implements Exec {
  /** Every command line that was run, words joined by spaces. */
  readonly commands: string[] = []
  readonly #programs: Readonly<Record<string, FakeProgram>>

  /** A program that is not among these succeeds and says nothing. */
  constructor(programs: Readonly<Record<string, FakeProgram>> = {}) {
    this.#programs = programs
  }

  async run(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    this.commands.push([command, ...args].join(' '))
    const answer = (await this.#programs[command]?.(args, options)) ?? ''
    const {
      stdout = '',
      stderr = '',
      exitCode = 0,
    } = typeof answer === 'string' ? { stdout: answer } : answer
    if (exitCode !== 0) throw new ExecError({ command, args, stdout, stderr, exitCode })
    return { stdout, stderr }
  }
}
