// One exec or attach on a simulated container: Node streams on the client's side, the simulated shell's on
// the other.
import { PassThrough } from 'node:stream'
import type { ExecOptions, ExecOutcome, ExecSession, TerminalSize } from '../api/kubeletapi.ts'
import type { Terminal } from './shell/terminal.ts'
import type { SimulatedContainer } from './simulatedcontainer.ts'

export class SimulatedSession implements ExecSession {
  readonly stdin?: PassThrough
  readonly stdout?: PassThrough
  readonly stderr?: PassThrough
  readonly outcome: Promise<ExecOutcome>
  readonly #isTerminal: boolean
  readonly #closing = new AbortController()
  #settle: (outcome: ExecOutcome) => void = () => undefined
  /** The last one told: it may come before there is a terminal. */
  #size: TerminalSize | undefined
  #terminal: Terminal | undefined

  constructor({ stdin, stdout, stderr, tty }: ExecOptions) {
    if (stdin) this.stdin = new PassThrough()
    if (stdout || tty) this.stdout = new PassThrough()
    if (stderr && !tty) this.stderr = new PassThrough()
    this.#isTerminal = tty
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.on('error', () => undefined)
    this.outcome = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  resize(size: TerminalSize): void {
    this.#size = size
    if (this.#terminal) this.#terminal.size = size
  }

  #show(terminal: Terminal): void {
    this.#terminal = terminal
    if (this.#size) terminal.size = this.#size
  }

  close(): void {
    this.#closing.abort(new Error('The client has gone'))
    this.stdin?.destroy()
    this.stdout?.destroy()
    this.stderr?.destroy()
  }

  /** The outcome is told when all that was written has been taken, so that nobody hangs up too early. */
  #finish(outcome: ExecOutcome): void {
    const streams = [this.stdout, this.stderr].filter(stream => stream !== undefined)
    const taken = streams.map(
      stream =>
        new Promise<void>(resolve => {
          if (stream.destroyed || stream.readableEnded) resolve()
          for (const event of ['end', 'close']) stream.once(event, () => resolve())
          stream.end()
        }),
    )
    void Promise.all(taken).then(() => this.#settle(outcome))
  }

  async refuse(message: string): Promise<void> {
    ;(this.stderr ?? this.stdout)?.write(message)
    this.#finish({ type: 'exited', exitCode: 127 })
  }

  async run(container: SimulatedContainer, { command }: ExecOptions): Promise<void> {
    try {
      const { runProcess } = await import('./shell/process.ts')
      const { inputFrom, noInput, noOutput, outputTo } = await import('./shell/streams.ts')
      const stdin = this.stdin ? inputFrom(this.stdin) : noInput
      const stdout = this.stdout ? outputTo(this.stdout) : noOutput
      const variables = await container.variables()
      if (this.#isTerminal) variables.set('TERM', 'xterm')
      const exitCode = await runProcess({
        argv: command,
        world: await container.world(),
        variables,
        directory: (await container.environment()).workingDirectory || '/',
        signal: this.#closing.signal,
        stdin,
        stdout,
        stderr: this.stderr ? outputTo(this.stderr) : noOutput,
        ...(this.#isTerminal ? { terminal: await this.#openTerminal(stdout, stdin) } : {}),
      })
      this.#finish({ type: 'exited', exitCode })
    } catch (error) {
      this.#finish({ type: 'failed', message: String(error) })
    }
  }

  async #openTerminal(
    stdout: import('./shell/streams.ts').Output,
    stdin: import('./shell/streams.ts').Input,
  ) {
    const { Terminal: NewTerminal } = await import('./shell/terminal.ts')
    const terminal = new NewTerminal(stdout)
    this.#show(terminal)
    if (this.stdin) void terminal.feed(stdin)
    return terminal
  }

  /**
   * The first to attach to a terminal sees what was written before it came: the prompt. Who comes back sees
   * what is written from then on. That the container has ended is no failure of the session, whatever its
   * exit code: its status has that.
   */
  async attach(container: SimulatedContainer): Promise<void> {
    const { inputFrom, outputTo } = await import('./shell/streams.ts')
    const { stdout } = this
    if (stdout) {
      const output = outputTo(stdout)
      if (container.start.container.tty && !container.wasWatched) stdout.write(container.log.text)
      const unwatch = container.watch(output)
      this.#closing.signal.addEventListener('abort', unwatch, { once: true })
    }
    if (container.terminal && this.#isTerminal) this.#show(container.terminal)
    if (this.stdin && container.input) void this.#forward(inputFrom(this.stdin), container)
    const gone = new Promise<void>(resolve => {
      this.#closing.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([container.exited.then(() => (container.run.exit ? undefined : gone)), gone])
    this.#finish({ type: 'exited', exitCode: 0 })
  }

  async #forward(input: import('./shell/streams.ts').Input, container: SimulatedContainer): Promise<void> {
    for (let chunk = await input.read(); chunk; chunk = await input.read())
      await container.input?.write(chunk)
    if (container.start.container.stdinOnce && !this.#isTerminal) container.input?.close()
  }
}
