// The versions of lmdb.ts on disk. A record's key is revision, operation, kind, create revision and the
// entry's key, so that a start reads keys only; its value is the entry's bytes. Records come in ascending
// order, which LMDB appends to full pages.
import { chmodSync, closeSync, openSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database, RootDatabase } from 'lmdb'
import { checkFile } from './lmdbfile.ts'
import { claim, type Owned } from './lmdbowner.ts'
import { type Version, VersionIndex } from './mvcc.ts'
import { StoreError } from './store.ts'

export interface VersionTable {
  /** What has been committed; values stay on disk. */
  load(): VersionIndex
  value(version: Version): Buffer
  /** Throws `InvalidWrite` for a key that does not fit into a record. */
  checkKeys(versions: readonly Version[]): void
  /**
   * Adds and removes in one transaction, durable when it resolves; `sweptTo` is what removing them forgets.
   */
  commit(added: readonly Version[], removed: readonly Version[], sweptTo: number): Promise<void>
  /** What is in it was written before `revision`, which is the newest one from now on. */
  beginAt(revision: number): Promise<void>
  close(): Promise<void>
}

const formatVersion = 'futago/1'
const headerLength = 15
/**
 * Of an entry's key in bytes: LMDB's limit for pages of 8 kB is 4026, half a page's worth of keys is wise.
 */
const longestKey = 1800

export async function openVersionTable(directory: string): Promise<VersionTable> {
  const { open } = await import('lmdb')
  let root: RootDatabase<Buffer, Buffer> | undefined
  let owned: Owned | undefined
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    checkFile(directory)
    keepPrivate(directory)
    root = open<Buffer, Buffer>({ path: directory, ...environment })
    const state = root.openDB<Buffer, Buffer>('state', binary)
    owned = claim(state, directory)
    checkFormat(state, directory)
    const versions = root.openDB<Buffer, Buffer>('versions', binary) as AppendingDatabase
    return new LMDBVersionTable(directory, { root, state, versions, owned })
  } catch (cause) {
    await owned?.release()
    await root?.close()
    throw cause instanceof StoreError ? cause : openFailure(directory, cause)
  }
}

/** LMDB makes files that everybody can read. */
function keepPrivate(directory: string): void {
  for (const name of ['data.mdb', 'lock.mdb']) {
    const path = join(directory, name)
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
  }
}

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const

const environment = {
  ...binary,
  noSubdir: false,
  // Of a new file. Three values of 2 kB share one page; pages of 4 kB would hold one each.
  pageSize: 8192,
  maxDbs: 4,
  cache: false,
  // A commit is acknowledged when it is on the disk, and is made by one batch at a time.
  overlappingSync: false,
  eventTurnBatching: false,
  // What is read is spread over the map: neighbours would only fill memory.
  noReadAhead: true,
}

/** The package's types leave out the options of an asynchronous put. */
type AppendingDatabase = Omit<Database<Buffer, Buffer>, 'put'> & {
  put(key: Buffer, value: Buffer, options: { readonly append: boolean }): Promise<boolean>
}

function checkFormat(state: Database<Buffer, Buffer>, directory: string): void {
  const format = state.getBinary(formatKey)?.toString()
  if (format === undefined) state.putSync(formatKey, Buffer.from(formatVersion))
  else if (format !== formatVersion) {
    const why = `its format is ${format}, expected ${formatVersion}`
    throw new StoreError('Corrupt', `Cannot open the store in ${directory}: ${why}`)
  }
}

interface Parts {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly state: Database<Buffer, Buffer>
  readonly versions: AppendingDatabase
  readonly owned: Owned
}

const sweptToKey = Buffer.from('swept-to')
const formatKey = Buffer.from('format')

class LMDBVersionTable implements VersionTable {
  readonly #directory: string
  readonly #parts: Parts

  constructor(directory: string, parts: Parts) {
    this.#directory = directory
    this.#parts = parts
  }

  load(): VersionIndex {
    const sweptTo = Number(this.#parts.state.getBinary(sweptToKey)?.toString() ?? 1)
    const index = new VersionIndex(sweptTo, sweptTo)
    let newest = 0
    for (const record of reading(this.#directory, () => [...this.#parts.versions.getKeys()])) {
      const version = decodeKey(record)
      if (!version || version.revision < newest || version.createRevision > version.revision) {
        throw new StoreError('Corrupt', `Cannot read the store in ${this.#directory}: a record is damaged`)
      }
      newest = version.revision
      version.previous = index.head(version.key)
      index.append([version])
    }
    return index
  }

  value(version: Version): Buffer {
    const record = encodeKey(version)
    const value = reading(this.#directory, () => this.#parts.versions.getBinary(record))
    if (value) return value
    const what = `${version.key} at revision ${version.revision}`
    throw new StoreError('Corrupt', `Cannot read ${what}: its record is missing in ${this.#directory}`)
  }

  checkKeys(versions: readonly Version[]): void {
    for (const { key, operation } of versions) {
      if (key.length * 3 <= longestKey || Buffer.byteLength(key) <= longestKey) continue
      const message = `Cannot write a key of ${Buffer.byteLength(key)} bytes, expected at most ${longestKey}`
      throw new StoreError('InvalidWrite', message, { operation, key })
    }
  }

  async commit(added: readonly Version[], removed: readonly Version[], sweptTo: number): Promise<void> {
    const { root, state, versions } = this.#parts
    const refused: boolean[] = []
    // Each put's promise fails along with the batch's, which alone is looked at.
    const settle = (put: Promise<boolean>) =>
      void put.then(
        done => done || refused.push(done),
        () => undefined,
      )
    try {
      await root.batch(() => {
        for (const version of added) {
          settle(versions.put(encodeKey(version), version.value ?? nothing, appending))
        }
        if (removed.length === 0) return
        for (const version of removed) settle(versions.remove(encodeKey(version)))
        settle(state.put(sweptToKey, Buffer.from(String(sweptTo))))
      })
    } catch (error) {
      throw await this.#commitFailure(error)
    }
    if (refused.length > 0) {
      throw new StoreError('Corrupt', `Cannot write to ${this.#directory}: another process has written to it`)
    }
  }

  async beginAt(revision: number): Promise<void> {
    await this.#parts.state.put(sweptToKey, Buffer.from(String(revision)))
  }

  async close(): Promise<void> {
    await this.#parts.owned.release()
    await this.#parts.root.close()
  }

  async #commitFailure(error: unknown): Promise<StoreError> {
    const commitError = (error as { commitError?: Promise<never> }).commitError
    const cause = await Promise.resolve(commitError).catch(reason => reason)
    const code: unknown = cause?.code
    if (damageCodes.has(code)) return damaged(this.#directory, cause)
    if (noSpaceCodes.has(code) || (code === inputOutputError && !hasSpace(this.#directory))) {
      const message = `Cannot write to ${this.#directory}: there is no space left for it`
      return new StoreError('NoSpace', message, { cause })
    }
    const why = cause instanceof Error ? cause.message : String(error)
    return new StoreError('Unavailable', `Cannot write to ${this.#directory}: ${why}`, { cause })
  }
}

const appending = { append: true }
const nothing = Buffer.alloc(0)
/** EFBIG, ENOSPC, EDQUOT, MDB_MAP_FULL. LMDB reports a write that was cut short as EIO. */
const noSpaceCodes = new Set<unknown>([27, 28, 122, -30792])
const inputOutputError = 5

/** Whether another megabyte fits beside the data file, and into a file of its length. */
function hasSpace(directory: string): boolean {
  const margin = 1 << 20
  const path = join(directory, 'probe.tmp')
  try {
    const length = statSync(join(directory, 'data.mdb')).size + margin
    writeFileSync(path, Buffer.alloc(margin))
    truncateSync(path, length)
    return true
  } catch {
    return false
  } finally {
    rmSync(path, { force: true })
  }
}

/** MDB_PAGE_NOTFOUND, CORRUPTED, PANIC, VERSION_MISMATCH, INVALID, BAD_TXN: LMDB met a broken page. */
const damageCodes = new Set<unknown>([-30797, -30796, -30795, -30794, -30793, -30782])

const damaged = (directory: string, cause: unknown) =>
  new StoreError('Corrupt', `Cannot read the store in ${directory}: data.mdb is damaged`, { cause })

function reading<T>(directory: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw damageCodes.has((error as { code?: unknown }).code) ? damaged(directory, error) : error
  }
}

function openFailure(directory: string, cause: unknown): StoreError {
  if (damageCodes.has((cause as { code?: unknown })?.code)) return damaged(directory, cause)
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StoreError('Unavailable', `Cannot open the store in ${directory}: ${why}`, { cause })
}

function encodeKey({ key, revision, operation, createRevision, deleted }: Version): Buffer {
  const record = Buffer.allocUnsafe(headerLength + Buffer.byteLength(key))
  record.writeUIntBE(revision, 0, 6)
  record.writeUInt16BE(operation, 6)
  record[8] = deleted ? 1 : 0
  record.writeUIntBE(createRevision, 9, 6)
  record.write(key, headerLength)
  return record
}

function decodeKey(record: Buffer): Version | undefined {
  if (record.length <= headerLength || record[8]! > 1) return undefined
  return {
    key: record.toString('utf8', headerLength),
    revision: record.readUIntBE(0, 6),
    operation: record.readUInt16BE(6),
    createRevision: record.readUIntBE(9, 6),
    deleted: record[8] === 1,
    previous: undefined,
    value: undefined,
  }
}
