// sh and bash: a script from -c, from a file or from the input; at a terminal, a prompt.
import { absolutePath } from '../../filesystem.ts'
import type { Script } from '../ast.ts'
import { ShellExit } from '../flow.ts'
import { Shell } from '../interpreter.ts'
import { ShellSyntaxError } from '../lexer.ts'
import { forked } from '../limits.ts'
import { parseLines, parseShell } from '../parser.ts'
import { LineReader } from '../streams.ts'
import type { Terminal } from '../terminal.ts'
import { type CommandFunction, type Commands, fail, type Invocation, type Streams } from '../world.ts'

/** The terminal, if that is what the command reads from. */
const terminals = new WeakMap<object, Terminal>()

/** Makes a command that reads from `input` know that it is a terminal. */
export function markTerminal(input: object, terminal: Terminal): void {
  terminals.set(input, terminal)
}

const tty: CommandFunction = async ({ stdin, stdout }) => {
  const isTerminal = terminals.has(stdin)
  await stdout.write(isTerminal ? '/dev/pts/0\n' : 'not a tty\n')
  return isTerminal ? 0 : 1
}

/** What the client's window has; the other settings are not there. */
const stty: CommandFunction = async invocation => {
  const size = terminals.get(invocation.stdin)?.size
  if (!size) return fail(invocation, 'standard input: Inappropriate ioctl for device')
  if (invocation.args[0] !== 'size') return fail(invocation, `invalid argument '${invocation.args[0] ?? ''}'`)
  await invocation.stdout.write(`${size.rows} ${size.columns}\n`)
  return 0
}

function newShell(invocation: Invocation, signal: AbortSignal, positional: readonly string[] = []): Shell {
  const variables = new Map(invocation.variables)
  if (!variables.has('PWD')) variables.set('PWD', invocation.directory)
  return new Shell({
    world: invocation.world,
    variables,
    directory: invocation.directory,
    signal,
    name: invocation.name,
    positional,
  })
}

async function script(invocation: Invocation, text: string, positional: readonly string[]): Promise<number> {
  const shell = newShell(invocation, invocation.signal, positional)
  return forked(invocation.world, () =>
    shell.runWhole(() => shell.runScript(parseShell(text), invocation), invocation),
  )
}

/** Runs each command as soon as it is whole; what follows it may be what it reads. */
async function fromInput(invocation: Invocation): Promise<number> {
  const shell = newShell(invocation, invocation.signal)
  const input = new LineReader(invocation.stdin)
  const streams = { stdin: input, stdout: invocation.stdout, stderr: invocation.stderr }
  const run = async () => {
    let text = ''
    for (;;) {
      const line = await input.line()
      if (line === undefined) return shell.runScript(parseShell(text), streams)
      text += `${line}\n`
      const script = parseLines(text)
      if (!script) continue
      text = ''
      await shell.runScript(script, streams)
    }
  }
  return forked(invocation.world, () => shell.runWhole(run, streams))
}

/** Runs what was entered; Ctrl-C ends that, not the shell. */
async function runEntered(shell: Shell, script: Script, context: { terminal: Terminal; streams: Streams }) {
  const { terminal, streams } = context
  const interrupted = new Promise<'interrupted'>(resolve => {
    terminal.onInterrupt = () => resolve('interrupted')
  })
  const outcome = await Promise.race([shell.runScript(script, streams), interrupted])
  if (outcome === 'interrupted') shell.status = 130
}

async function interactive(invocation: Invocation, terminal: Terminal): Promise<number> {
  let shell = newShell(invocation, invocation.signal)
  const sign = invocation.world.user.uid === 0 ? '#' : '$'
  const streams = { stdin: invocation.stdin, stdout: invocation.stdout, stderr: invocation.stderr }
  /** Lines that want more. */
  let entered = ''
  for (;;) {
    const prompt = `${shell.directory} ${sign} `
    terminal.onInterrupt = () => {
      entered = ''
      void invocation.stdout.write(prompt)
    }
    await invocation.stdout.write(entered === '' ? prompt : '> ')
    const line = await terminal.readLine()
    if (line === undefined || invocation.signal.aborted) return shell.status
    const text = `${entered}${line}\n`
    entered = ''
    try {
      const script = parseLines(text)
      if (!script) {
        entered = text
        continue
      }
      const before = shell
      await runEntered(shell, script, { terminal, streams })
      // What was interrupted may still be at work in the old shell: the new one goes on without it.
      if (before.status === 130) shell = continued(before, invocation)
    } catch (error) {
      if (error instanceof ShellExit) return error.exitCode
      shell.status = 2
      const message = error instanceof ShellSyntaxError ? error.message : String(error)
      await invocation.stderr.write(`${invocation.name}: ${message}\n`)
    }
  }
}

function continued(before: Shell, invocation: Invocation): Shell {
  const shell = newShell({ ...invocation, directory: before.directory }, invocation.signal)
  for (const [name, value] of before.variables) shell.variables.set(name, value)
  for (const [name, body] of before.functions) shell.functions.set(name, body)
  for (const name of before.exported) shell.exported.add(name)
  shell.status = 130
  return shell
}

const sh: CommandFunction = async invocation => {
  const { world, directory } = invocation
  const args = [...invocation.args]
  let errexit = false
  while (args[0]?.startsWith('-') && args[0] !== '--' && args[0] !== '-') {
    const option = args.shift() ?? ''
    if (option.startsWith('--')) continue
    if (option.includes('e')) errexit = true
    if (option.includes('o') && !option.includes('c')) args.shift()
    if (!option.includes('c')) continue
    const [text, name, ...positional] = args
    if (text === undefined) {
      await invocation.stderr.write(`${invocation.name}: -c requires an argument\n`)
      return 2
    }
    const named = { ...invocation, name: name ?? invocation.name }
    return script(named, errexit ? `set -e\n${text}` : text, positional)
  }
  const [file, ...positional] = args
  if (file !== undefined && file !== '-' && file !== '--') {
    const path = absolutePath(file, directory)
    if (world.files.kind(path) !== 'file') {
      await invocation.stderr.write(`${invocation.name}: can't open '${file}': No such file or directory\n`)
      return 2
    }
    return script({ ...invocation, name: file }, world.files.read(path).toString(), positional)
  }
  const terminal = terminals.get(invocation.stdin)
  if (terminal) return interactive(invocation, terminal)
  return fromInput(invocation)
}

export const shellCommands: Commands = { sh, bash: sh, ash: sh, stty, tty }
