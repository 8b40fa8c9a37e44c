// Tar archives (POSIX ustar), enough of them for container images: files, directories and links with long
// paths split in two, everything owned by root and dated 1970, so that the same files make the same bytes.

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
