// Takes one file out of a ZIP archive (APPNOTE.TXT 6.3: central directory, stored or deflated entries).
import { inflateRawSync } from 'node:zlib'

const endOfDirectory = 0x06054b50

/** The bytes of `name` in the archive; throws when there is no such entry. */
export function unzipEntry(archive: Buffer, name: string): Buffer {
  let end = archive.length - 22
  while (end >= 0 && archive.readUInt32LE(end) !== endOfDirectory) end--
  if (end < 0) throw new Error('Cannot read the archive: no central directory, expected a ZIP file')
  let at = archive.readUInt32LE(end + 16)
  for (let entry = archive.readUInt16LE(end + 10); entry > 0; entry--) {
    const nameLength = archive.readUInt16LE(at + 28)
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === name) return contents(archive, at)
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error(`Cannot find ${name} in the archive`)
}

function contents(archive: Buffer, directoryEntry: number): Buffer {
  const size = archive.readUInt32LE(directoryEntry + 20)
  const header = archive.readUInt32LE(directoryEntry + 42)
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28)
  const bytes = archive.subarray(start, start + size)
  return archive.readUInt16LE(directoryEntry + 10) === 0 ? bytes : inflateRawSync(bytes)
}
