// What a container wrote: kept in lines with their times, up to a limit, and read as the kubelet's log
// endpoint reads it: the last lines, those since a time, with time stamps, or on and on.
import { Readable } from 'node:stream'
import type { LogOptions } from '../api/kubeletapi.ts'
import { parseTime } from '../api/meta/timestamps.ts'
import type { Clock } from '../component/clock.ts'

interface Line {
  readonly timeMs: number
  /** With its newline, if it has one. */
  text: string
}

const mostCharacters = 1_000_000

export class LogBuffer {
  readonly #clock: Clock
  #lines: Line[] = []
  #characters = 0
  #isClosed = false
  readonly #readers = new Set<() => void>()
  /** How many lines were dropped at the beginning. */
  #dropped = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  write(chunk: string): void {
    if (chunk === '') return
    const timeMs = this.#clock.now()
    for (const part of chunk.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      const last = this.#lines.at(-1)
      if (last && !last.text.endsWith('\n')) last.text += part
      else this.#lines.push({ timeMs, text: part })
      this.#characters += part.length
    }
    while (this.#characters > mostCharacters && this.#lines.length > 1) {
      this.#characters -= this.#lines.shift()?.text.length ?? 0
      this.#dropped++
    }
    this.#notify()
  }

  /** The container has ended: followers come to their end. */
  close(): void {
    this.#isClosed = true
    this.#notify()
  }

  get text(): string {
    return this.#lines.map(({ text }) => text).join('')
  }

  read(options: LogOptions, signal: AbortSignal): Readable {
    const sinceMs =
      options.sinceSeconds === undefined
        ? (parseTime(options.sinceTime) ?? Number.NEGATIVE_INFINITY)
        : this.#clock.now() - options.sinceSeconds * 1000
    const chosen = this.#lines.filter(({ timeMs }) => timeMs >= sinceMs)
    const skipped = options.tailLines === undefined ? 0 : Math.max(0, chosen.length - options.tailLines)
    const first = chosen[skipped]
    let next = this.#dropped + (first ? this.#lines.indexOf(first) : this.#lines.length)
    let offset = 0
    let room = options.limitBytes ?? Number.POSITIVE_INFINITY
    const take = () => {
      let text = ''
      next = Math.max(next, this.#dropped)
      for (;;) {
        const line = this.#lines[next - this.#dropped]
        if (!line) break
        const fresh = line.text.slice(offset)
        if (fresh) text += (offset === 0 && options.timestamps ? `${stamp(line.timeMs)} ` : '') + fresh
        offset = line.text.length
        if (!line.text.endsWith('\n')) break
        next++
        offset = 0
      }
      const bytes = Buffer.from(text).subarray(0, room)
      room -= bytes.length
      return bytes
    }
    return this.#stream(take, { isDone: () => room <= 0 || !options.follow, signal })
  }

  #stream(
    take: () => Buffer,
    { isDone, signal }: { readonly isDone: () => boolean; readonly signal: AbortSignal },
  ): Readable {
    const push = () => {
      const bytes = take()
      if (bytes.length > 0) stream.push(bytes)
      if (isDone() || this.#isClosed || signal.aborted) end()
    }
    const end = () => {
      this.#readers.delete(push)
      signal.removeEventListener('abort', end)
      stream.push(null)
    }
    const stream = new Readable({
      read: () => undefined,
      destroy: (error, callback) => {
        this.#readers.delete(push)
        signal.removeEventListener('abort', end)
        callback(error)
      },
    })
    this.#readers.add(push)
    signal.addEventListener('abort', end, { once: true })
    push()
    return stream
  }

  #notify(): void {
    for (const push of [...this.#readers]) push()
  }
}

/** RFC 3339 with nanoseconds, as container runtimes stamp lines. */
const stamp = (ms: number) => new Date(ms).toISOString().replace('Z', '000000Z')
