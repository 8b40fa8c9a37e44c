// The line discipline of a terminal: what a client types is echoed and edited until Enter hands it over,
// Ctrl-C interrupts, Ctrl-D ends the input, and newlines go out as carriage return and line feed
// (termios(3)).
import type { TerminalSize } from '../../api/kubeletapi.ts'
import { type Input, type Output, Pipe } from './streams.ts'

const ctrlC = 0x03
const ctrlD = 0x04
const backspaces = [0x08, 0x7f]
const escapeKey = 0x1b

export class Terminal implements Input, Output {
  readonly #client: Output
  readonly #lines = new Pipe()
  #line: number[] = []
  #escape: number[] | undefined
  #ended = false
  readonly #history: string[] = []
  #recalled = 0
  size: TerminalSize = { columns: 80, rows: 24 }
  /** Called for Ctrl-C. */
  onInterrupt: () => void = () => undefined

  /** `client` is what the user sees. */
  constructor(client: Output) {
    this.#client = client
  }

  write(data: Buffer | string): Promise<void> {
    return this.#client.write(data.toString().replace(/\r?\n/g, '\r\n'))
  }

  async read(): Promise<Buffer | undefined> {
    return this.#ended ? undefined : this.#lines.read()
  }

  /** The client has gone. */
  hangUp(): void {
    this.#lines.close()
  }

  /** What the client typed, until it ends. */
  async feed(input: Input): Promise<void> {
    for (let chunk = await input.read(); chunk; chunk = await input.read()) {
      for (const byte of chunk) await this.#key(byte)
    }
    this.hangUp()
  }

  async #key(byte: number): Promise<void> {
    if (this.#escape) return this.#escaped(byte)
    if (byte === escapeKey) this.#escape = []
    else if (byte === 0x0d || byte === 0x0a) await this.#enter()
    else if (byte === ctrlC) {
      this.#line = []
      await this.#client.write('^C\r\n')
      this.onInterrupt()
    } else if (byte === ctrlD) {
      if (this.#line.length === 0) await this.#lines.write(endOfInput)
      else await this.#deliver('')
    } else if (backspaces.includes(byte)) await this.#erase()
    else if (byte >= 0x20 || byte === 0x09) {
      this.#line.push(byte)
      await this.#client.write(Buffer.from([byte]))
    }
  }

  async #enter(): Promise<void> {
    await this.#client.write('\r\n')
    const text = Buffer.from(this.#line).toString()
    if (text !== '' && this.#history.at(-1) !== text) this.#history.push(text)
    this.#recalled = this.#history.length
    await this.#deliver('\n')
  }

  async #deliver(end: string): Promise<void> {
    const bytes = Buffer.concat([Buffer.from(this.#line), Buffer.from(end)])
    this.#line = []
    await this.#lines.write(bytes)
  }

  async #erase(): Promise<void> {
    if (this.#line.length === 0) return
    // A character of several bytes goes as one.
    while (((this.#line.at(-1) ?? 0) & 0xc0) === 0x80) this.#line.pop()
    this.#line.pop()
    await this.#client.write('\b \b')
  }

  /** Arrow up and down recall earlier lines; other sequences do nothing. */
  async #escaped(byte: number): Promise<void> {
    const sequence = this.#escape ?? []
    sequence.push(byte)
    const isIntroducer = sequence.length === 1 && (byte === 0x5b || byte === 0x4f)
    if (isIntroducer || (byte >= 0x30 && byte <= 0x3f)) return
    this.#escape = undefined
    if (byte === 0x41) await this.#recall(-1)
    else if (byte === 0x42) await this.#recall(1)
  }

  async #recall(step: number): Promise<void> {
    const index = this.#recalled + step
    if (index < 0 || index > this.#history.length) return
    this.#recalled = index
    while (this.#line.length > 0) await this.#erase()
    const text = this.#history[index] ?? ''
    this.#line = [...Buffer.from(text)]
    await this.#client.write(text)
  }

  /** Reads a line for a shell; undefined at the end of the input. */
  async readLine(): Promise<string | undefined> {
    const chunk = await this.read()
    return !chunk || chunk === endOfInput ? undefined : chunk.toString().replace(/\n$/, '')
  }

  /** The terminal as a command's input: Ctrl-D ends it, and the shell goes on reading after that. */
  asInput(): Input {
    return {
      read: async () => {
        const chunk = await this.read()
        return chunk === endOfInput ? undefined : chunk
      },
    }
  }
}

/** Told apart by identity. */
const endOfInput = Buffer.from([ctrlD])
