// Looks at LMDB's data file before LMDB maps it. LMDB trusts the file: a damaged one would end the process
// with SIGSEGV or SIGBUS. Offsets are those of the format that the lmdb package writes (data version 2,
// page headers of 24 bytes).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from './store.ts'

const magic = 0xbeefc0de
const dataVersion = 2
/** Both meta pages, whatever the page size, lie within the first two pages. */
const largestPage = 65_536
/** LMDB may leave pages at the end unwritten that it allocated and gave back within one transaction. */
const unwrittenPages = 1024

interface Meta {
  readonly pageSize: number
  readonly lastPage: number
  readonly transaction: bigint
}

/**
 * Throws `Corrupt` when the file in `directory` is not LMDB's, or shorter than it says. A missing file is
 * fine.
 */
export function checkFile(directory: string): void {
  const path = join(directory, 'data.mdb')
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    const { size } = fstatSync(file)
    if (size > 0) checkMetas(file, size)
  } catch (error) {
    const why = (error as Error).message
    throw new StoreError('Corrupt', `Cannot open the store in ${directory}: data.mdb is damaged: ${why}`)
  } finally {
    closeSync(file)
  }
}

function checkMetas(file: number, size: number): void {
  const first = readMeta(file, 0)
  const second = readMeta(file, first.pageSize)
  const newest = second.transaction > first.transaction ? second : first
  const expected = (newest.lastPage + 1 - unwrittenPages) * newest.pageSize
  if (size < Math.max(expected, 2 * newest.pageSize)) {
    const full = (newest.lastPage + 1) * newest.pageSize
    throw new Error(`it has ${size} bytes, expected ${full}`)
  }
}

function readMeta(file: number, position: number): Meta {
  const page = Buffer.alloc(160)
  const length = readSync(file, page, 0, page.length, position)
  if (length < page.length) throw new Error('its header is cut off')
  if (page.readUInt32LE(24) !== magic || page.readUInt32LE(28) !== dataVersion) {
    throw new Error('its header is not that of an LMDB file')
  }
  const pageSize = page.readUInt32LE(48)
  if (pageSize < 512 || pageSize > largestPage || (pageSize & (pageSize - 1)) !== 0) {
    throw new Error(`its page size is ${pageSize}`)
  }
  return {
    pageSize,
    lastPage: Number(page.readBigUInt64LE(144)),
    transaction: page.readBigUInt64LE(152),
  }
}
