// Keeps containers' logs from filling the node: a file that has grown too large is put aside, older ones are
// compressed, the oldest removed (upstream pkg/kubelet/logs/container_log_manager.go and its defaults).
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../../component/clock.ts'
import type { Logger } from '../../component/log.ts'

const lookEveryMs = 10_000

export interface RotationLimits {
  readonly maxBytes: number
  /** The one that is written to among them. */
  readonly maxFiles: number
}

export const defaultRotation: RotationLimits = { maxBytes: 10 * 2 ** 20, maxFiles: 5 }

/** `20260101-000000`, in UTC: in the order of time as texts, too. */
const stampOf = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')

const compressed = '.gz'

/** What was put aside of a log, the oldest first. */
async function asideOf(path: string): Promise<string[]> {
  const names = await readdir(dirname(path)).catch(() => [])
  const own = names.filter(name => name.startsWith(`${basename(path)}.`) && !name.endsWith('.tmp'))
  return own.sort().map(name => join(dirname(path), name))
}

async function compress(path: string): Promise<void> {
  const { createGzip } = await import('node:zlib')
  const partial = `${path}.tmp`
  await pipeline(createReadStream(path), createGzip(), createWriteStream(partial))
  await rename(partial, path + compressed)
  await rm(path, { force: true })
}

export interface Rotation extends RotationLimits {
  readonly nowMs: number
  /** The runtime is to write to a new file of the same name. */
  reopen(): Promise<void>
}

/** Does nothing while the log is small enough. */
export async function rotateLog(path: string, rotation: Rotation): Promise<void> {
  const { maxBytes, maxFiles, nowMs, reopen } = rotation
  const found = await stat(path).catch(() => undefined)
  if (!found || found.size < maxBytes) return
  const aside = await asideOf(path)
  const kept = Math.max(0, maxFiles - 2)
  for (const old of aside.slice(0, Math.max(0, aside.length - kept))) await rm(old, { force: true })
  for (const old of aside.slice(-kept || aside.length)) if (!old.endsWith(compressed)) await compress(old)
  const target = `${path}.${stampOf(nowMs)}`
  await rename(path, target)
  try {
    await reopen()
  } catch (error) {
    await rename(target, path)
    throw error
  }
}

/** With all that was put aside. */
export async function removeLog(path: string): Promise<void> {
  for (const file of [path, ...(await asideOf(path))]) await rm(file, { force: true })
}

export interface RotationOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly limits: RotationLimits
  /** Of the containers that run. */
  logs(): Iterable<{ readonly path: string; reopen(): Promise<void> }>
}

export class LogRotation {
  readonly #options: RotationOptions
  readonly #stopping = new AbortController()

  constructor(options: RotationOptions) {
    this.#options = options
  }

  start(): void {
    void this.#loop()
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #loop(): Promise<void> {
    const { clock, log, limits, logs } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await clock.sleep(lookEveryMs, signal).catch(() => undefined)
      if (signal.aborted) return
      for (const { path, reopen } of [...logs()]) {
        try {
          await rotateLog(path, { ...limits, nowMs: clock.now(), reopen })
        } catch (error) {
          log.warn('a log could not be rotated', { path, error: String(error) })
        }
      }
    }
  }
}
