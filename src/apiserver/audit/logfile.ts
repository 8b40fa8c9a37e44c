// The audit log as a file: lines are appended in order, and a file that has become too long makes way for a
// new one, named and cleaned up as upstream's (lumberjack). Requests do not wait for the disk: what it cannot
// take is kept up to a limit and then lost, which is counted.
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'
import type { AuditSink } from './audit.ts'

export interface AuditFileOptions {
  readonly path: string
  /** A file that would become longer makes way for a new one. */
  readonly maxBytes: number
  /** How many old ones are kept; 0: all. */
  readonly maxBackups: number
  /** How long old ones are kept; 0: for ever. */
  readonly maxAgeMs: number
  readonly clock: Clock
  readonly log: Logger
}

const maxPendingBytes = 32 * 1024 * 1024
/** While the disk takes nothing the log says so no more often than this. */
const complaintIntervalMs = 10_000

/** `audit.log` at a time -> `audit-2026-01-01T00-00-00.000.log`. */
function backupName(path: string, ms: number): string {
  const ending = extname(path)
  const time = new Date(ms).toISOString().slice(0, 23).replaceAll(':', '-')
  return join(dirname(path), `${basename(path, ending)}-${time}${ending}`)
}

/** When a file made way; undefined for a name that no such file has. */
function backupTime(path: string, name: string): number | undefined {
  const ending = extname(path)
  const prefix = `${basename(path, ending)}-`
  if (!name.startsWith(prefix) || !name.endsWith(ending)) return undefined
  const text = name.slice(prefix.length, name.length - ending.length)
  const match = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text)
  const ms = match ? Date.parse(`${match[1]}:${match[2]}:${match[3]}Z`) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

export class AuditFile implements AuditSink {
  readonly #options: AuditFileOptions
  #file: FileHandle | undefined
  #length = 0
  #rotatedMs = 0
  #isClosed = false
  #pending: string[] = []
  #pendingBytes = 0
  #writing: Promise<void> | undefined
  #complainedAt = Number.NEGATIVE_INFINITY
  lost = 0

  private constructor(options: AuditFileOptions) {
    this.#options = options
  }

  /** Rejects with Node's error when the file cannot be opened. */
  static async open(options: AuditFileOptions): Promise<AuditFile> {
    const file = new AuditFile(options)
    await mkdir(dirname(options.path), { recursive: true, mode: 0o700 })
    await file.#open()
    return file
  }

  write(line: string): void {
    if (this.#isClosed) {
      this.#lose(1, 'it is closed')
      return
    }
    const length = Buffer.byteLength(line)
    if (this.#pendingBytes + length > maxPendingBytes) {
      this.#lose(1, 'the disk is too slow')
      return
    }
    this.#pending.push(line)
    this.#pendingBytes += length
    this.#writing ??= this.#writeAll()
  }

  /** Resolves when everything is written. */
  async flushed(): Promise<void> {
    await this.#writing
  }

  /** Likewise; what comes later is lost. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
    await this.#file?.close()
    this.#file = undefined
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const lines = this.#pending
      this.#pending = []
      this.#pendingBytes = 0
      await this.#writeSome(lines)
    }
    this.#writing = undefined
  }

  async #writeSome(lines: readonly string[]): Promise<void> {
    let done = 0
    try {
      while (done < lines.length) {
        const fitting = this.#fitting(lines, done)
        if (fitting === done) await this.#rotate()
        const end = Math.max(fitting, done + 1)
        await this.#append(Buffer.from(lines.slice(done, end).join('')))
        done = end
      }
    } catch (error) {
      this.#lose(lines.length - done, String(error))
    }
  }

  /** The end of what still fits into the file; a line that fits into none counts as fitting an empty one. */
  #fitting(lines: readonly string[], from: number): number {
    let length = this.#length
    let end = from
    while (end < lines.length) {
      length += Buffer.byteLength(lines[end]!)
      if (length > this.#options.maxBytes && length > Buffer.byteLength(lines[end]!)) break
      end++
    }
    return end
  }

  async #append(bytes: Buffer): Promise<void> {
    const file = this.#file ?? (await this.#open())
    let written = 0
    try {
      while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten
    } catch (error) {
      // Half a line would spoil the next one.
      if (written > 0) await file.truncate(this.#length)
      throw error
    }
    this.#length += written
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.path, 'a', 0o600)
    this.#length = (await file.stat()).size
    this.#file = file
    return file
  }

  async #rotate(): Promise<void> {
    const { path, clock } = this.#options
    this.#rotatedMs = Math.max(clock.now(), this.#rotatedMs + 1)
    await this.#file?.close()
    this.#file = undefined
    await rename(path, backupName(path, this.#rotatedMs)).catch((error: NodeJS.ErrnoException) => {
      // Somebody else has taken it away already.
      if (error.code !== 'ENOENT') throw error
    })
    await this.#open()
    await this.#removeOld()
  }

  async #removeOld(): Promise<void> {
    const { path, maxBackups, maxAgeMs, clock } = this.#options
    const oldest = maxAgeMs > 0 ? clock.now() - maxAgeMs : Number.NEGATIVE_INFINITY
    const backups = (await readdir(dirname(path)))
      .map(name => ({ name, ms: backupTime(path, name) }))
      .filter((backup): backup is { name: string; ms: number } => backup.ms !== undefined)
      .sort((a, b) => b.ms - a.ms)
    const kept = maxBackups > 0 ? maxBackups : backups.length
    for (const [index, { name, ms }] of backups.entries()) {
      if (index >= kept || ms < oldest) await rm(join(dirname(path), name), { force: true })
    }
  }

  #lose(count: number, error: string): void {
    this.lost += count
    const { clock, log, path } = this.#options
    if (clock.monotonic() - this.#complainedAt < complaintIntervalMs) return
    this.#complainedAt = clock.monotonic()
    log.error('cannot write the audit log', { path, error, lost: this.lost })
  }
}

/** The audit log on standard output. */
export function auditStream(stream: NodeJS.WritableStream & { readonly writableLength: number }): AuditSink {
  let lost = 0
  return {
    get lost() {
      return lost
    },
    write(line) {
      if (stream.writableLength > maxPendingBytes) lost++
      else stream.write(line)
    },
  }
}
