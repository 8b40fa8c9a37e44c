// Tar archives (POSIX ustar): written with what container images need, files, directories and links with long
// paths split in two, everything owned by root and dated 1970, so that the same files make the same bytes;
// read with the headers for long names that others write (pax, GNU).

export interface TarEntry {
  /** Without a leading slash; a directory's ends with one. */
  readonly path: string
  /** Default 0644, of directories 0755. */
  readonly mode?: number
  readonly content?: Uint8Array | string
  /** The target of a symbolic link. */
  readonly linkTo?: string
}

const blockBytes = 512
const nameBytes = 100

const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits - 1, '0')}\0`

/** A path of up to 100 bytes, or a prefix of up to 155 and the rest. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= nameBytes) return { name: path, prefix: '' }
  const slash = path.indexOf('/', path.length - nameBytes - 1)
  if (slash < 0 || slash > 155) {
    throw new Error(`Cannot put ${path} into a tar archive: expected a path of up to 255 bytes`)
  }
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

function header(entry: TarEntry, size: number): Buffer {
  const isDirectory = entry.path.endsWith('/')
  const { name, prefix } = splitPath(entry.path)
  const type = entry.linkTo !== undefined ? '2' : isDirectory ? '5' : '0'
  const block = Buffer.alloc(blockBytes)
  block.write(name, 0)
  block.write(octal(entry.mode ?? (isDirectory ? 0o755 : 0o644), 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(0, 12), 136)
  block.write(' '.repeat(8), 148)
  block.write(type, 156)
  block.write(entry.linkTo ?? '', 157)
  block.write('ustar\x0000', 257)
  block.write(prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

export function formatTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(entry => {
    const content = Buffer.from(entry.content ?? '')
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)
    return [header(entry, content.length), content, padding]
  })
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)])
}

interface Header {
  readonly path: string
  readonly type: string
  readonly size: number
  readonly mode: number
  readonly linkTo: string
}

const textIn = (block: Buffer, start: number, length: number) => {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? length : end).toString()
}
const octalIn = (block: Buffer, start: number, length: number) =>
  Number.parseInt(textIn(block, start, length).trim() || '0', 8)

const notTar = () => new Error('this does not look like a tar archive')

function readHeader(block: Buffer): Header {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (octalIn(block, 148, 8) !== sum) throw notTar()
  const prefix = textIn(block, 257, 5) === 'ustar' ? textIn(block, 345, 155) : ''
  const name = textIn(block, 0, nameBytes)
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    type: textIn(block, 156, 1) || '0',
    size: octalIn(block, 124, 12),
    mode: octalIn(block, 100, 8),
    linkTo: textIn(block, 157, nameBytes),
  }
}

/** Lines of `length key=value`, of which the path is of interest. */
function paxPath(content: Buffer): string | undefined {
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at)
    const length = Number(content.subarray(at, space).toString())
    if (!(length > 0)) return undefined
    const [key, ...value] = content
      .subarray(space + 1, at + length - 1)
      .toString()
      .split('=')
    if (key === 'path') return value.join('=')
    at += length
  }
  return undefined
}

/** The files, directories and symbolic links of an archive. Throws for what is none, or ends too soon. */
export function parseTar(archive: Buffer): TarEntry[] {
  if (archive.length > 0 && archive.length < blockBytes) throw notTar()
  const entries: TarEntry[] = []
  let longPath: string | undefined
  for (let at = 0; at + blockBytes <= archive.length; ) {
    const block = archive.subarray(at, at + blockBytes)
    if (block.every(byte => byte === 0)) break
    const { path, type, size, mode, linkTo } = readHeader(block)
    const content = archive.subarray(at + blockBytes, at + blockBytes + size)
    if (content.length < size) throw new Error('the archive ends too soon')
    at += blockBytes * (1 + Math.ceil(size / blockBytes))
    if (type === 'x') longPath = paxPath(content)
    else if (type === 'L') longPath = textIn(content, 0, content.length)
    else {
      const own = longPath ?? path
      longPath = undefined
      if (type === '0' || type === '7') entries.push({ path: own, mode, content })
      else if (type === '2') entries.push({ path: own, mode, linkTo })
      else if (type === '5') entries.push({ path: own.endsWith('/') ? own : `${own}/`, mode })
    }
  }
  return entries
}
