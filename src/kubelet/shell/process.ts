// Starts a simulated process: an executable by its arguments, with its streams and perhaps a terminal.

import { builtins } from './builtins.ts'
import { commandNames, findCommand } from './commands/index.ts'
import { markTerminal } from './commands/shells.ts'
import { ShellExit } from './flow.ts'
import { Shell } from './interpreter.ts'
import { LimitError } from './limits.ts'
import { BrokenPipe } from './streams.ts'
import type { Terminal } from './terminal.ts'
import type { Streams, World } from './world.ts'

export { commandNames }

export interface ProcessOptions extends Streams {
  readonly argv: readonly string[]
  readonly world: World
  readonly variables: ReadonlyMap<string, string>
  readonly directory: string
  /** Ends the process with code 143. */
  readonly signal: AbortSignal
  /** Instead of the three streams. */
  readonly terminal?: Terminal
}

/** `set` is no executable anywhere; it shows the environment as a shell would. */
const asExecutable = ['set']

/** Is there such an executable? */
export const isExecutable = (name: string): boolean =>
  findCommand(name) !== undefined || asExecutable.includes(name)

/** The exit code. */
export async function runProcess(options: ProcessOptions): Promise<number> {
  const { argv, world, variables, directory, signal, terminal } = options
  const shell = new Shell({ world, variables, directory, signal, name: argv[0] ?? 'sh' })
  const streams: Streams = terminal
    ? { stdin: terminal.asInput(), stdout: terminal, stderr: terminal }
    : { stdin: options.stdin, stdout: options.stdout, stderr: options.stderr }
  if (terminal) markTerminal(streams.stdin, terminal)
  const ended = new Promise<number>(resolve => {
    if (signal.aborted) resolve(143)
    signal.addEventListener('abort', () => resolve(143), { once: true })
    if (terminal) terminal.onInterrupt = () => resolve(130)
  })
  return Promise.race([run(shell, argv, streams), ended])
}

async function run(shell: Shell, argv: readonly string[], streams: Streams): Promise<number> {
  const [name = '', ...args] = argv
  try {
    const builtin = findCommand(name) ? undefined : builtins[name]
    return await (builtin ? builtin(shell, args, streams) : shell.runWords(argv, streams))
  } catch (error) {
    if (error instanceof ShellExit) return error.exitCode
    if (error instanceof BrokenPipe) return 141
    if (shell.signal.aborted) return 143
    const why = error instanceof LimitError ? error.message : String(error)
    await streams.stderr.write(`${name}: ${why}\n`).catch(() => undefined)
    return 1
  }
}
