// Commands that belong to the shell itself, because they change it: variables, directory, flow.
import { absolutePath } from '../filesystem.ts'
import { isCommand } from './commands/index.ts'
import { ShellExit, ShellJump } from './flow.ts'
import type { Shell } from './interpreter.ts'
import { parseShell } from './parser.ts'
import { quoteValue } from './patterns.ts'
import type { Streams } from './world.ts'

export type Builtin = (shell: Shell, args: readonly string[], streams: Streams) => Promise<number>

const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s

async function showVariables(shell: Shell, streams: Streams, prefix = ''): Promise<number> {
  const names = [...shell.variables.keys()].filter(name => !prefix || shell.exported.has(name)).sort()
  for (const name of names) {
    await streams.stdout.write(`${prefix}${name}=${quoteValue(shell.variables.get(name) ?? '')}\n`)
  }
  return 0
}

function setOptions(shell: Shell, letters: string, on: boolean): void {
  if (letters.includes('e')) shell.settings.errexit = on
  if (letters.includes('x')) shell.settings.xtrace = on
}

const set: Builtin = async (shell, args, streams) => {
  if (args.length === 0) return showVariables(shell, streams)
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!
    if (arg === '--') {
      shell.positional = args.slice(index + 1)
      return 0
    }
    if (arg === '-o' || arg === '+o') index++
    else if (/^[-+]/.test(arg)) setOptions(shell, arg.slice(1), arg.startsWith('-'))
    else {
      shell.positional = args.slice(index)
      return 0
    }
  }
  return 0
}

const exporting: Builtin = async (shell, args, streams) => {
  const names = args.filter(arg => arg !== '-p')
  if (names.length === 0) return showVariables(shell, streams, 'export ')
  for (const arg of names) {
    const [, name = arg, value] = assignment.exec(arg) ?? []
    if (value !== undefined) shell.variables.set(name, value)
    shell.exported.add(name)
  }
  return 0
}

const cd: Builtin = async (shell, args, streams) => {
  const target = args[0] === '-' ? shell.variables.get('OLDPWD') : (args[0] ?? shell.variables.get('HOME'))
  const path = absolutePath(target ?? '/', shell.directory)
  const kind = shell.world.files.kind(path)
  if (kind !== 'folder') {
    const why = kind ? 'Not a directory' : 'No such file or directory'
    await streams.stderr.write(`${shell.name}: cd: can't cd to ${target}: ${why}\n`)
    return 2
  }
  shell.variables.set('OLDPWD', shell.directory)
  shell.variables.set('PWD', path)
  shell.directory = path
  if (args[0] === '-') await streams.stdout.write(`${path}\n`)
  return 0
}

const read: Builtin = async (shell, args, streams) => {
  const names = args.filter(arg => !arg.startsWith('-'))
  const line = await shell.reader(streams.stdin).line()
  const text = args.includes('-r') ? (line ?? '') : (line ?? '').replace(/\\(.)/g, '$1')
  const words = text.trim().split(/[ \t]+/)
  const targets = names.length > 0 ? names : ['REPLY']
  targets.forEach((name, index) => {
    const isLast = index === targets.length - 1
    shell.variables.set(name, (isLast ? words.slice(index).join(' ') : words[index]) ?? '')
  })
  return line === undefined ? 1 : 0
}

const type: Builtin = async (shell, args, streams) => {
  let status = 0
  for (const name of args) {
    const what = shell.functions.has(name)
      ? 'a function'
      : builtins[name]
        ? 'a shell builtin'
        : isCommand(name)
          ? `/bin/${name}`
          : undefined
    await streams.stdout.write(what ? `${name} is ${what}\n` : `${name}: not found\n`)
    if (!what) status = 127
  }
  return status
}

const command: Builtin = async (shell, args, streams) => {
  if (args[0] !== '-v') return shell.runWords(args, streams)
  const [, name = ''] = args
  const isKnown = Boolean(shell.functions.has(name) || builtins[name])
  if (!isKnown && !isCommand(name)) return 127
  await streams.stdout.write(`${isKnown ? '' : '/bin/'}${name}\n`)
  return 0
}

const exit: Builtin = async (shell, args) => {
  throw new ShellExit(args[0] === undefined ? shell.status : Number(args[0]) & 255)
}

const jump =
  (kind: 'break' | 'continue' | 'return'): Builtin =>
  async (shell, args) => {
    const fallback = kind === 'return' ? shell.status : 1
    throw new ShellJump(kind, args[0] === undefined ? fallback : Number(args[0]))
  }

const nothing: Builtin = async () => 0

export const builtins: Readonly<Record<string, Builtin>> = {
  __proto__: null as never,
  ':': nothing,
  '.': async (shell, args, streams) => {
    const bytes = shell.world.files.read(absolutePath(args[0] ?? '', shell.directory))
    return shell.runScript(parseShell(bytes.toString()), streams)
  },
  break: jump('break'),
  cd,
  command,
  continue: jump('continue'),
  eval: async (shell, args, streams) => shell.runScript(parseShell(args.join(' ')), streams),
  exec: async (shell, args, streams) => {
    if (args.length === 0) return 0
    throw new ShellExit(await shell.runWords(args, streams))
  },
  exit,
  export: exporting,
  local: async (shell, args) => {
    for (const arg of args) {
      const [, name = arg, value = ''] = assignment.exec(arg) ?? []
      shell.variables.set(name, value)
    }
    return 0
  },
  pwd: async (shell, _, streams) => {
    await streams.stdout.write(`${shell.directory}\n`)
    return 0
  },
  read,
  readonly: nothing,
  return: jump('return'),
  set,
  shift: async (shell, args) => {
    shell.positional = shell.positional.slice(Number(args[0] ?? 1))
    return 0
  },
  trap: nothing,
  type,
  umask: nothing,
  unset: async (shell, args) => {
    for (const name of args) {
      shell.variables.delete(name)
      shell.exported.delete(name)
      shell.functions.delete(name)
    }
    return 0
  },
  wait: async shell => {
    while (shell.jobs.size > 0) await Promise.all(shell.jobs)
    return 0
  },
}
