// tar, with as much of it as copying into and out of containers needs (`kubectl cp`).

import { formatTar, parseTar, type TarEntry } from '../../../component/tar.ts'
import { withoutTrailing } from '../../../component/text.ts'
import { absolutePath, type ContainerFiles, FileError } from '../../filesystem.ts'
import { readAll } from '../streams.ts'
import {
  type CommandFunction,
  type Commands,
  type Flags,
  fail,
  type Invocation,
  parseFlags,
} from '../world.ts'

function makeFolders(files: ContainerFiles, path: string): void {
  let current = ''
  for (const part of path.split('/').filter(Boolean)) {
    current += `/${part}`
    if (files.kind(current) !== 'folder') files.makeFolder(current)
  }
}

/** Old options come without a dash; long ones, on owners and modes, change nothing here. */
function optionsOf(args: readonly string[]): Flags {
  const [first = '', ...rest] = args.filter(arg => !arg.startsWith('--'))
  return parseFlags([first.startsWith('-') ? first : `-${first}`, ...rest], 'cxtmvpoh', 'fC')
}

/** A file, or a folder with what is in it. Throws FileError. */
function entriesBelow(files: ContainerFiles, path: string, name: string): TarEntry[] {
  if (files.kind(path) !== 'folder') return [{ path: name, content: files.read(path) }]
  const inside = files
    .list(path)
    .flatMap(each => entriesBelow(files, absolutePath(each, path), `${name}/${each}`))
  return name === '' ? inside : [{ path: `${name}/` }, ...inside]
}

async function create(
  invocation: Invocation,
  { operands, values }: Flags,
  directory: string,
): Promise<number> {
  const { files } = invocation.world
  const entries: TarEntry[] = []
  let status = 0
  if (operands.some(name => name.startsWith('/'))) {
    await invocation.stderr.write("tar: removing leading '/' from member names\n")
  }
  for (const name of operands) {
    try {
      const member = withoutTrailing(name, '/').replace(/^\/+/, '')
      entries.push(...entriesBelow(files, absolutePath(name, directory), member))
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      status = await fail(invocation, `${name}: ${error.message}`)
    }
  }
  const archive = formatTar(entries)
  const target = values.get('f') ?? '-'
  if (target === '-') await invocation.stdout.write(archive)
  else files.write(absolutePath(target, invocation.directory), archive)
  return status
}

async function archiveOf({ world, stdin, directory }: Invocation, { values }: Flags): Promise<TarEntry[]> {
  const source = values.get('f') ?? '-'
  return parseTar(source === '-' ? await readAll(stdin) : world.files.read(absolutePath(source, directory)))
}

/** There are no links here: one that leads to a file or a folder becomes a copy of it. */
async function copyLinked(invocation: Invocation, target: string, linkTo: string): Promise<number> {
  const { files } = invocation.world
  try {
    const from = absolutePath(linkTo, target.slice(0, target.lastIndexOf('/')))
    if (target.startsWith(`${from}/`)) throw new FileError('ENOENT')
    const entries = entriesBelow(files, from, target)
    for (const { path, content } of entries) {
      if (path.endsWith('/')) makeFolders(files, path)
      else files.write(path, Buffer.from(content ?? ''))
    }
    return 0
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return fail(invocation, `can't create symlink '${target}' to '${linkTo}': ${error.message}`)
  }
}

/** Links come last, when what they lead to is there. */
async function extract(
  invocation: Invocation,
  entries: readonly TarEntry[],
  directory: string,
): Promise<number> {
  const { files } = invocation.world
  const links: (readonly [target: string, linkTo: string])[] = []
  for (const { path, content, linkTo } of entries) {
    const target = absolutePath(path.replace(/^\/+/, ''), directory)
    if (path.endsWith('/')) makeFolders(files, target)
    else {
      makeFolders(files, target.slice(0, target.lastIndexOf('/')))
      if (linkTo === undefined) files.write(target, Buffer.from(content ?? ''))
      else links.push([target, linkTo])
    }
  }
  let status = 0
  for (const [target, linkTo] of links)
    status = Math.max(status, await copyLinked(invocation, target, linkTo))
  return status
}

const tar: CommandFunction = async invocation => {
  const options = optionsOf(invocation.args)
  const { set, values, unknown } = options
  if (unknown) return fail(invocation, `invalid option -- '${unknown}'`)
  const directory = absolutePath(values.get('C') ?? '.', invocation.directory)
  try {
    if (set.has('c')) return await create(invocation, options, directory)
    const entries = await archiveOf(invocation, options)
    if (set.has('t')) await invocation.stdout.write(entries.map(({ path }) => `${path}\n`).join(''))
    else if (set.has('x')) return await extract(invocation, entries, directory)
    else return fail(invocation, 'need at least one option')
    return 0
  } catch (error) {
    return fail(invocation, (error as Error).message)
  }
}

export const archiveCommands: Commands = { tar }
