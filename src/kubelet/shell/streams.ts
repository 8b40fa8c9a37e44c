// Byte streams between simulated commands: pipes with back-pressure, and bridges to Node's streams.
import type { Readable, Writable } from 'node:stream'
import { memoryBytes, outOfMemory } from './limits.ts'

export interface Input {
  /** Undefined: there is no more. */
  read(): Promise<Buffer | undefined>
}

export interface Output {
  /** Resolves when there is room for more; throws BrokenPipe when nobody reads any more. */
  write(data: Buffer | string): Promise<void>
}

export class BrokenPipe extends Error {
  constructor() {
    super('Broken pipe')
    this.name = 'BrokenPipe'
  }
}

const roomBytes = 64 * 1024

export class Pipe implements Input, Output {
  #chunks: Buffer[] = []
  #bytes = 0
  #isClosed = false
  #isBroken = false
  #reader: (() => void) | undefined
  #writers: (() => void)[] = []

  async read(): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#isClosed || this.#isBroken) return undefined
      await new Promise<void>(resolve => {
        this.#reader = resolve
      })
    }
    const chunk = this.#chunks.shift()
    this.#bytes -= chunk?.length ?? 0
    for (const resolve of this.#writers.splice(0)) resolve()
    return chunk
  }

  async write(data: Buffer | string): Promise<void> {
    if (this.#isBroken) throw new BrokenPipe()
    if (this.#isClosed || data.length === 0) return
    const chunk = typeof data === 'string' ? Buffer.from(data) : data
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.#wakeReader()
    while (this.#bytes > roomBytes && !this.#isBroken) {
      await new Promise<void>(resolve => this.#writers.push(resolve))
    }
  }

  /** The reader gets what is there, and then the end. */
  close(): void {
    this.#isClosed = true
    this.#wakeReader()
  }

  /** Nobody reads any more. */
  cancel(): void {
    this.#isBroken = true
    this.#chunks = []
    this.#wakeReader()
    for (const resolve of this.#writers.splice(0)) resolve()
  }

  #wakeReader(): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }
}

export const noInput: Input = { read: async () => undefined }
export const noOutput: Output = { write: async () => undefined }

/** Keeps what is written. */
export class Collector implements Output {
  readonly #chunks: Buffer[] = []
  #length = 0

  async write(data: Buffer | string): Promise<void> {
    const chunk = typeof data === 'string' ? Buffer.from(data) : data
    this.#length += chunk.length
    if (this.#length > memoryBytes) throw outOfMemory()
    this.#chunks.push(chunk)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }
}

export async function readAll(input: Input): Promise<Buffer> {
  const collected = new Collector()
  for (let chunk = await input.read(); chunk; chunk = await input.read()) await collected.write(chunk)
  return collected.bytes
}

/** Reads line by line, without newlines; what it has read too much is there for who reads next. */
export class LineReader implements Input {
  readonly #input: Input
  #rest: Buffer = Buffer.alloc(0)

  constructor(input: Input) {
    this.#input = input
  }

  async read(): Promise<Buffer | undefined> {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest.length > 0 ? rest : this.#input.read()
  }

  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf('\n')
      if (end >= 0) {
        const line = this.#rest.subarray(0, end).toString()
        this.#rest = this.#rest.subarray(end + 1)
        return line
      }
      const chunk = await this.#input.read()
      if (!chunk) {
        const last = await this.read()
        return last?.toString()
      }
      this.#rest = Buffer.concat([this.#rest, chunk])
    }
  }
}

/** Writes through to a Node stream, at its pace. */
export const outputTo = (stream: Writable): Output => ({
  write: data =>
    new Promise((resolve, reject) => {
      if (stream.destroyed || stream.writableEnded) return reject(new BrokenPipe())
      stream.write(data, error => (error ? reject(new BrokenPipe()) : resolve()))
    }),
})

export function inputFrom(stream: Readable): Input {
  const iterator = stream[Symbol.asyncIterator]()
  return {
    async read() {
      const next = await iterator.next().catch(() => ({ done: true, value: undefined }))
      return next.done ? undefined : (next.value as Buffer)
    },
  }
}
