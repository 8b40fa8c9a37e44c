// What a hostPath volume may insist on (upstream pkg/volume/hostpath): that its path is there and of a kind,
// or that it is made.
import { closeSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { VolumeError } from './volume.ts'

const kinds: Readonly<Record<string, readonly [word: string, is: (found: Stats) => boolean]>> = {
  Directory: ['a directory', found => found.isDirectory()],
  DirectoryOrCreate: ['a directory', found => found.isDirectory()],
  File: ['a file', found => found.isFile()],
  FileOrCreate: ['a file', found => found.isFile()],
  Socket: ['a socket file', found => found.isSocket()],
  CharDevice: ['a character device', found => found.isCharacterDevice()],
  BlockDevice: ['a block device', found => found.isBlockDevice()],
}

function find(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

/** Throws VolumeError. */
export function checkHostPath(path: string, type = ''): void {
  const kind = kinds[type]
  if (!kind) {
    if (type === '') return
    throw new VolumeError(`hostPath type check failed: ${path} cannot be of the unknown type ${type}`)
  }
  const [word, is] = kind
  if (type === 'DirectoryOrCreate' && !find(path)) mkdirSync(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate' && !find(path)) {
    if (!find(dirname(path))?.isDirectory()) {
      throw new VolumeError(`hostPath type check failed: ${dirname(path)} is not a directory`)
    }
    closeSync(openSync(path, 'a', 0o644))
  }
  const found = find(path)
  if (!found || !is(found)) throw new VolumeError(`hostPath type check failed: ${path} is not ${word}`)
}
