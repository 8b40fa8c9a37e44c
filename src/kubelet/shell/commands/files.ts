// Commands on files and folders; all of them are in memory.
import { withoutTrailing } from '../../../component/text.ts'
import { absolutePath, type ContainerFiles, FileError } from '../../filesystem.ts'
import { type CommandFunction, type Commands, fail, type Invocation, parseFlags } from '../world.ts'

const pathOf = ({ directory }: Invocation, name: string) => absolutePath(name, directory)

/** Runs for each name; what the C library has against one is reported. */
async function each(
  invocation: Invocation,
  names: readonly string[],
  { verb, use }: { readonly verb: string; readonly use: (path: string, name: string) => void },
): Promise<number> {
  let status = 0
  for (const name of names) {
    try {
      use(pathOf(invocation, name), name)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      status = await fail(invocation, `${verb} '${name}': ${error.message}`)
    }
  }
  return status
}

function longLine({ world }: Invocation, path: string, name: string): string {
  const { uid, gid } = world.user
  const owner = (value: number) => (value === 0 ? 'root' : String(value)).padEnd(8)
  const isFolder = world.files.kind(path) === 'folder'
  const size = isFolder ? 4096 : world.files.read(path).length
  const date = new Date(world.clock.now()).toUTCString()
  const [, day, month, , time = ''] = date.split(' ')
  const mode = isFolder ? 'drwxr-xr-x    2' : '-rw-r--r--    1'
  const when = `${month} ${String(Number(day)).padStart(2)} ${time.slice(0, 5)}`
  return `${mode} ${owner(uid)} ${owner(gid)} ${String(size).padStart(9)} ${when} ${name}\n`
}

const ls: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'laAh1dRtrF')
  const { world, stdout } = invocation
  const names = operands.length > 0 ? operands : ['.']
  let status = 0
  let isFirst = true
  for (const name of names) {
    const path = pathOf(invocation, name)
    const kind = world.files.kind(path)
    if (!kind) {
      await invocation.stderr.write(`ls: ${name}: No such file or directory\n`)
      status = 1
      continue
    }
    const isListed = kind === 'folder' && !set.has('d')
    const entries = isListed
      ? world.files.list(path).filter(item => set.has('a') || set.has('A') || !item.startsWith('.'))
      : [name]
    let text = names.length > 1 && isListed ? `${isFirst ? '' : '\n'}${name}:\n` : ''
    isFirst = false
    if (set.has('l') && isListed) text += `total ${entries.length * 4}\n`
    for (const entry of entries) {
      const full = isListed ? absolutePath(entry, path) : path
      text += set.has('l') ? longLine(invocation, full, entry) : `${entry}\n`
    }
    await stdout.write(text)
  }
  return status
}

const mkdir: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'p', 'm')
  const { files } = invocation.world
  return each(invocation, operands, {
    verb: "can't create directory",
    use(path) {
      if (!set.has('p')) {
        files.makeFolder(path)
        return
      }
      let current = ''
      for (const part of path.split('/').filter(Boolean)) {
        current += `/${part}`
        if (files.kind(current) !== 'folder') files.makeFolder(current)
      }
    },
  })
}

function removeAll(files: ContainerFiles, path: string): void {
  if (files.kind(path) === 'folder') for (const name of files.list(path)) removeAll(files, `${path}/${name}`)
  files.remove(path)
}

const rm: CommandFunction = async invocation => {
  const { set, operands } = parseFlags(invocation.args, 'rRf')
  const isRecursive = set.has('r') || set.has('R')
  return each(invocation, operands, {
    verb: "can't remove",
    use(path) {
      const kind = invocation.world.files.kind(path)
      if (!kind && set.has('f')) return
      if (kind === 'folder' && !isRecursive) throw new FileError('EISDIR')
      removeAll(invocation.world.files, path)
    },
  })
}

const rmdir: CommandFunction = invocation =>
  each(invocation, invocation.args, {
    verb: "can't remove",
    use: path => invocation.world.files.remove(path),
  })

const touch: CommandFunction = async invocation => {
  const { operands } = parseFlags(invocation.args, 'cam', 'dtr')
  const { files } = invocation.world
  return each(invocation, operands, {
    verb: "can't touch",
    use: path => {
      if (!files.kind(path)) files.write(path, Buffer.alloc(0))
    },
  })
}

/** Files only; into a folder under the same name. */
const copy =
  (isMove: boolean): CommandFunction =>
  async invocation => {
    const { operands } = parseFlags(invocation.args, 'rRfapv')
    const { files } = invocation.world
    const target = operands.at(-1)
    if (operands.length < 2 || target === undefined) return fail(invocation, 'missing operand')
    const into = pathOf(invocation, target)
    return each(invocation, operands.slice(0, -1), {
      verb: "can't stat",
      use(path) {
        const isFolder = files.kind(into) === 'folder'
        files.write(isFolder ? `${into}/${path.slice(path.lastIndexOf('/') + 1)}` : into, files.read(path))
        if (isMove) files.remove(path)
      },
    })
  }

const basename: CommandFunction = async ({ args: [path = '', suffix = ''], stdout }) => {
  const name = withoutTrailing(path, '/').replace(/^.*\//, '')
  await stdout.write(`${suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`)
  return 0
}

const dirname: CommandFunction = async ({ args: [path = ''], stdout }) => {
  const end = withoutTrailing(path, '/').lastIndexOf('/')
  await stdout.write(`${end > 0 ? path.slice(0, end) : end === 0 ? '/' : '.'}\n`)
  return 0
}

const find: CommandFunction = async invocation => {
  const { files } = invocation.world
  const [start = '.', ...rest] = invocation.args[0]?.startsWith('-')
    ? ['.', ...invocation.args]
    : invocation.args
  const type = rest[rest.indexOf('-type') + 1]
  const lines: string[] = []
  const walk = (shown: string) => {
    const path = pathOf(invocation, shown)
    const kind = files.kind(path)
    if (!rest.includes('-type') || (type === 'f') === (kind === 'file')) lines.push(shown)
    if (kind === 'folder')
      for (const name of files.list(path)) walk(shown === '/' ? `/${name}` : `${shown}/${name}`)
  }
  if (!files.kind(pathOf(invocation, start))) return fail(invocation, `${start}: No such file or directory`)
  walk(start)
  await invocation.stdout.write(lines.map(line => `${line}\n`).join(''))
  return 0
}

export const fileCommands: Commands = {
  basename,
  chmod: async () => 0,
  chown: async () => 0,
  cp: copy(false),
  dirname,
  find,
  ls,
  mkdir,
  mv: copy(true),
  pwd: async ({ directory, stdout }) => {
    await stdout.write(`${directory}\n`)
    return 0
  },
  rm,
  rmdir,
  sync: async () => 0,
  touch,
}
