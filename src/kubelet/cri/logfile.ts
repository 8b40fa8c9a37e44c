// Reads a container's log file: the last lines, those since a time, or on and on while the container runs,
// through rotations (upstream pkg/kubelet/kuberuntime/logs/logs.go).
import { watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import type { LogOptions } from '../../api/kubeletapi.ts'
import type { Clock } from '../../component/clock.ts'
import { LineSplitter, LogSelection } from './logline.ts'

const chunkBytes = 64 * 1024
const newline = 0x0a
/** A follower looks this often, should the file system not tell it of changes. */
const lookAgainMs = 1000

async function readAt(file: FileHandle, position: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position)
  return buffer.subarray(0, bytesRead)
}

/** Where the last lines begin. */
async function tailStart(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat()
  let missing = lines
  for (let end = size; end > 0; end -= chunkBytes) {
    const start = Math.max(0, end - chunkBytes)
    const { buffer } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start)
    // The newline that ends the last line begins none.
    let from = end === size ? buffer.length - 2 : buffer.length - 1
    if (lines === 0) return size
    for (let at = from; at >= 0; at = from) {
      at = buffer.lastIndexOf(newline, from)
      if (at < 0) break
      if (--missing === 0) return start + at + 1
      from = at - 1
    }
  }
  return 0
}

export interface LogSource {
  readonly path: string
  readonly clock: Clock
  /** More may come. */
  isRunning(): boolean
}

/** Waits until something may have changed. */
class Changes {
  readonly #clock: Clock
  readonly #watcher
  #wake: () => void = () => undefined
  #isDue = false

  constructor({ path, clock }: LogSource, signal: AbortSignal) {
    this.#clock = clock
    const onChange = () => {
      this.#isDue = true
      this.#wake()
    }
    // The folder, since a rotation moves the file away.
    this.#watcher = watch(dirname(path), { persistent: false, signal }, onChange)
    this.#watcher.on('error', () => undefined)
    signal.addEventListener('abort', onChange, { once: true })
  }

  async next(): Promise<void> {
    if (!this.#isDue) {
      await new Promise<void>(resolve => {
        const timer = this.#clock.after(lookAgainMs, resolve)
        this.#wake = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    this.#isDue = false
  }

  close(): void {
    this.#watcher.close()
  }
}

async function isRotated(file: FileHandle, path: string): Promise<boolean> {
  const [own, named] = await Promise.all([file.stat(), stat(path).catch(() => undefined)])
  return named !== undefined && named.ino !== own.ino
}

/** A container that could not be started may have no log. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** What one chunk shows, as one piece. */
const shown = (lines: readonly Buffer[], selection: LogSelection) =>
  Buffer.concat(lines.map(line => selection.take(line)))

async function* pieces(source: LogSource, options: LogOptions, signal: AbortSignal) {
  const { path, clock } = source
  const selection = new LogSelection(options, clock.now())
  const opened = await openIfThere(path)
  if (!opened) return
  let file = opened
  const changes = options.follow ? new Changes(source, signal) : undefined
  try {
    let position = options.tailLines === undefined ? 0 : await tailStart(file, options.tailLines)
    let splitter = new LineSplitter()
    let isLeft = false
    while (!selection.isFull && !signal.aborted) {
      // Asked before reading: what it wrote at its end is read, too.
      const mayGrow = changes !== undefined && source.isRunning()
      const chunk = await readAt(file, position)
      position += chunk.length
      if (chunk.length > 0) {
        const piece = shown(splitter.push(chunk), selection)
        if (piece.length > 0) yield piece
      } else if (isLeft) {
        await file.close()
        file = await open(path)
        position = 0
        splitter = new LineSplitter()
        isLeft = false
      } else if (await isRotated(file, path)) {
        // It is written to no more: what came since it was read is the rest.
        isLeft = true
      } else if (mayGrow) await changes.next()
      else {
        const piece = shown([splitter.rest], selection)
        if (piece.length > 0) yield piece
        return
      }
    }
  } finally {
    changes?.close()
    await file.close()
  }
}

export const readLog = (source: LogSource, options: LogOptions, signal: AbortSignal): Readable =>
  Readable.from(pieces(source, options, signal), { objectMode: false })

/** The end of a log as a text; empty when there is none. */
export async function lastLines(
  path: string,
  { lines, bytes, clock }: { readonly lines: number; readonly bytes: number; readonly clock: Clock },
): Promise<string> {
  const source = { path, clock, isRunning: () => false }
  let text = Buffer.alloc(0)
  try {
    for await (const piece of readLog(source, { tailLines: lines }, new AbortController().signal)) {
      text = Buffer.concat([text, piece as Buffer]).subarray(-bytes)
    }
  } catch {
    return ''
  }
  return text.toString()
}
