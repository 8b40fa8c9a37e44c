// The files a simulated container sees: a root of its own and volumes mounted into it, all in memory.
// Volumes that containers may write to are shared by the Pod's containers.

export type FileErrorCode = 'ENOENT' | 'EISDIR' | 'ENOTDIR' | 'EROFS' | 'EEXIST' | 'ENOTEMPTY' | 'ENOSPC'

const messages: Readonly<Record<FileErrorCode, string>> = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EROFS: 'Read-only file system',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
  ENOSPC: 'No space left on device',
}

/** The message is the C library's. */
export class FileError extends Error {
  readonly code: FileErrorCode

  constructor(code: FileErrorCode) {
    super(messages[code])
    this.name = 'FileError'
    this.code = code
  }
}

/** Of one tree, which is memory of this process. */
const mostBytes = 256 * 1024 * 1024
const mostEntries = 50_000

/** Files and folders by path, without a slash at either end; the root is ''. */
export class FileTree {
  readonly files = new Map<string, Buffer>()
  readonly folders = new Set<string>()
  /** Of what was written after the tree was made. */
  #written = 0

  /** Throws FileError when there is no room. */
  write(path: string, content: Buffer): void {
    const before = this.files.get(path)?.length ?? 0
    const isFull = this.files.size + this.folders.size >= mostEntries && !this.files.has(path)
    if (isFull || this.#written + content.length - before > mostBytes) throw new FileError('ENOSPC')
    this.#written += content.length - before
    this.files.set(path, content)
  }

  removeFile(path: string): void {
    this.#written -= this.files.get(path)?.length ?? 0
    this.files.delete(path)
  }

  static of(files: ReadonlyMap<string, Buffer>): FileTree {
    const tree = new FileTree()
    for (const [path, content] of files) tree.files.set(path, content)
    return tree
  }

  hasFolder(path: string): boolean {
    if (path === '' || this.folders.has(path)) return true
    const prefix = `${path}/`
    for (const known of this.files.keys()) if (known.startsWith(prefix)) return true
    for (const known of this.folders) if (known.startsWith(prefix)) return true
    return false
  }

  /** Names of what is directly inside. */
  entries(path: string): Set<string> {
    const prefix = path === '' ? '' : `${path}/`
    const names = new Set<string>()
    for (const known of [...this.files.keys(), ...this.folders]) {
      if (known === '' || !known.startsWith(prefix) || known === path) continue
      names.add(known.slice(prefix.length).split('/', 1)[0] ?? '')
    }
    return names
  }
}

export interface Mounted {
  /** Absolute, without a slash at the end. */
  readonly path: string
  readonly tree: FileTree
  /** What of the tree is mounted; empty: all. */
  readonly subPath: string
  readonly isReadOnly: boolean
}

interface Place {
  readonly tree: FileTree
  readonly path: string
  readonly isReadOnly: boolean
}

export type FileKind = 'file' | 'folder'

/** `/a/./b/../c` -> `/a/c`; relative paths begin at `from`. */
export function absolutePath(path: string, from = '/'): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${from}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

export class ContainerFiles {
  readonly #root: FileTree
  /** Longest path first. */
  #mounts: readonly Mounted[] = []

  constructor(root: FileTree) {
    this.#root = root
  }

  setMounts(mounts: readonly Mounted[]): void {
    this.#mounts = [...mounts].sort((a, b) => b.path.length - a.path.length)
  }

  kind(path: string): FileKind | undefined {
    const { tree, path: inside } = this.#locate(path)
    if (tree.files.has(inside)) return 'file'
    if (inside === '' || tree.hasFolder(inside)) return 'folder'
    const below = path === '/' ? '/' : `${path}/`
    return this.#mounts.some(mount => mount.path.startsWith(below)) ? 'folder' : undefined
  }

  /** Throws FileError. */
  read(path: string): Buffer {
    const { tree, path: inside } = this.#locate(path)
    const content = tree.files.get(inside)
    if (content) return content
    throw new FileError(this.kind(path) === 'folder' ? 'EISDIR' : 'ENOENT')
  }

  /** Throws FileError. */
  write(path: string, content: Buffer): void {
    const { tree, path: inside, isReadOnly } = this.#locate(path)
    if (this.kind(path) === 'folder') throw new FileError('EISDIR')
    if (isReadOnly) throw new FileError('EROFS')
    this.#requireParent(path)
    tree.write(inside, content)
  }

  append(path: string, content: Buffer): void {
    const before = this.kind(path) === 'file' ? this.read(path) : Buffer.alloc(0)
    this.write(path, Buffer.concat([before, content]))
  }

  /** Throws FileError. */
  makeFolder(path: string): void {
    if (this.kind(path)) throw new FileError('EEXIST')
    this.#requireParent(path)
    const { tree, path: inside, isReadOnly } = this.#locate(path)
    if (isReadOnly) throw new FileError('EROFS')
    if (tree.files.size + tree.folders.size >= mostEntries) throw new FileError('ENOSPC')
    tree.folders.add(inside)
  }

  /** A file or an empty folder. Throws FileError. */
  remove(path: string): void {
    const kind = this.kind(path)
    if (!kind) throw new FileError('ENOENT')
    const { tree, path: inside, isReadOnly } = this.#locate(path)
    if (isReadOnly) throw new FileError('EROFS')
    if (kind === 'folder' && this.list(path).length > 0) throw new FileError('ENOTEMPTY')
    tree.removeFile(inside)
    tree.folders.delete(inside)
    const parent = inside.slice(0, Math.max(0, inside.lastIndexOf('/')))
    if (parent) tree.folders.add(parent)
  }

  /** Names in a folder, sorted. Throws FileError. */
  list(path: string): string[] {
    const kind = this.kind(path)
    if (kind !== 'folder') throw new FileError(kind ? 'ENOTDIR' : 'ENOENT')
    const { tree, path: inside } = this.#locate(path)
    const names = tree.entries(inside)
    const prefix = path === '/' ? '/' : `${path}/`
    for (const mount of this.#mounts) {
      if (mount.path.startsWith(prefix)) names.add(mount.path.slice(prefix.length).split('/', 1)[0] ?? '')
    }
    return [...names].sort()
  }

  get mounts(): readonly Mounted[] {
    return this.#mounts
  }

  #requireParent(path: string): void {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/'
    const kind = this.kind(parent)
    if (kind !== 'folder') throw new FileError(kind ? 'ENOTDIR' : 'ENOENT')
  }

  #locate(path: string): Place {
    for (const mount of this.#mounts) {
      if (path !== mount.path && !path.startsWith(`${mount.path}/`)) continue
      const inside = path.slice(mount.path.length + 1)
      const whole = [mount.subPath, inside].filter(part => part !== '').join('/')
      return { tree: mount.tree, path: whole, isReadOnly: mount.isReadOnly }
    }
    return { tree: this.#root, path: path.slice(1), isReadOnly: false }
  }
}
