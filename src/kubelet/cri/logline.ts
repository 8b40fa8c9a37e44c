// Lines of a container's log file as runtimes write them, `TIME STREAM TAG TEXT` (the CRI log format,
// upstream pkg/kubelet/kuberuntime/logs): which of them a reader wants, and what it sees of them.
import type { LogOptions } from '../../api/kubeletapi.ts'

/** Milliseconds since the epoch; minus infinity: from the beginning. */
export function sinceOf({ sinceSeconds, sinceTime }: LogOptions, nowMs: number): number {
  if (sinceSeconds !== undefined) return nowMs - sinceSeconds * 1000
  const ms = Date.parse(sinceTime ?? '')
  return Number.isNaN(ms) ? Number.NEGATIVE_INFINITY : ms
}

const space = 0x20
const newline = 0x0a

/** Nine decimals, whatever the runtime left out. */
const fixedTime = (time: string) =>
  time.replace(/^([^.Z+]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/, (_, whole: string, decimals = '', zone: string) =>
    [whole, '.', decimals.padEnd(9, '0'), zone].join(''),
  )

interface ParsedLine {
  readonly time: string
  /** The rest of the line comes with the next one. */
  readonly isPartial: boolean
  readonly text: Buffer
}

/** Undefined for what is no line of the format. */
export function parseLogLine(line: Buffer): ParsedLine | undefined {
  const first = line.indexOf(space)
  const second = line.indexOf(space, first + 1)
  const third = line.indexOf(space, second + 1)
  if (first < 0 || second < 0) return undefined
  const end = third < 0 ? line.length : third
  const stream = line.toString('latin1', first + 1, second)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const tags = line.toString('latin1', second + 1, end).split(':')
  const time = line.toString('latin1', 0, first)
  return { time, isPartial: tags[0] === 'P', text: line.subarray(Math.min(end + 1, line.length)) }
}

/** Takes a file's lines one after the other and yields what is to be shown. */
export class LogSelection {
  readonly #sinceMs: number
  readonly #hasTimes: boolean
  #room: number
  /** The text of a line goes on. */
  #isWithin = false

  constructor(options: LogOptions, nowMs: number) {
    this.#sinceMs = sinceOf(options, nowMs)
    this.#hasTimes = options.timestamps ?? false
    this.#room = options.limitBytes ?? Number.POSITIVE_INFINITY
  }

  /** No more is wanted. */
  get isFull(): boolean {
    return this.#room <= 0
  }

  /** `line` without its newline. */
  take(line: Buffer): Buffer {
    const parsed = parseLogLine(line)
    if (!parsed || Date.parse(parsed.time) < this.#sinceMs) return Buffer.alloc(0)
    const { time, isPartial, text } = parsed
    const stamp = this.#hasTimes && !this.#isWithin ? `${fixedTime(time)} ` : ''
    this.#isWithin = isPartial
    const shown = Buffer.concat([Buffer.from(stamp), text, Buffer.from(isPartial ? '' : '\n')])
    const part = shown.subarray(0, this.#room)
    this.#room -= part.length
    return part
  }
}

/** Cuts chunks into lines. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const lines: Buffer[] = []
    let start = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      lines.push(bytes.subarray(start, end))
      start = end + 1
    }
    this.#rest = Buffer.from(bytes.subarray(start))
    return lines
  }

  /** A last line without an end. */
  get rest(): Buffer {
    return this.#rest
  }
}
