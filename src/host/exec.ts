// Runs other programs: the one door to them, so that tests can stand in for a whole Linux. An Exec may be
// bound to a network namespace, which it enters through nsenter (`ip netns exec` would hide the cgroups).
import { spawn } from 'node:child_process'

export interface ExecOptions {
  /** Written to its stdin, which is then closed; absent: stdin is empty. */
  readonly input?: string | Uint8Array
  /** Aborted: the program is killed and `run` rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Default 30,000: then it is killed and `run` rejects. */
  readonly timeoutMs?: number
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
}

export interface Exec {
  /** Resolves when the program has ended with exit code 0; throws ExecError when it did not. */
  run(command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>
}

export interface ExecFailure extends ExecResult {
  readonly command: string
  readonly args: readonly string[]
  /** Absent: it did not start, or a signal ended it. */
  readonly exitCode?: number | undefined
  /** Of the operating system, when it did not start: `ENOENT`. */
  readonly code?: string | undefined
  /** In words, where no exit code says it. */
  readonly reason?: string | undefined
}

/** A program that failed; `message` has its command line and the last words it said. */
export class ExecError extends Error implements ExecFailure {
  readonly command: string
  readonly args: readonly string[]
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | undefined
  readonly code: string | undefined

  constructor(failure: ExecFailure) {
    const how = failure.reason ?? `exit code ${failure.exitCode}`
    const said = (failure.stderr.trim() || failure.stdout.trim()).split('\n').slice(-5).join('; ')
    super(`Cannot run ${[failure.command, ...failure.args].join(' ')}: ${how}${said ? `: ${said}` : ''}`)
    this.name = 'ExecError'
    this.command = failure.command
    this.args = failure.args
    this.stdout = failure.stdout
    this.stderr = failure.stderr
    this.exitCode = failure.exitCode
    this.code = failure.code
  }
}

const defaultTimeoutMs = 30_000

function run(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const { input, signal, timeoutMs = defaultTimeoutMs } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const child = spawn(command, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      // Not in the terminal's group: its Ctrl-C is for us, who may be about to tidy up with this program.
      detached: true,
      killSignal: 'SIGKILL',
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout?.on('data', chunk => stdout.push(chunk))
    child.stderr?.on('data', chunk => stderr.push(chunk))
    const output = () => ({
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    })
    const kill = () => void child.kill('SIGKILL')
    signal?.addEventListener('abort', kill, { once: true })
    child.once('error', (error: NodeJS.ErrnoException) => {
      signal?.removeEventListener('abort', kill)
      const reason = error.code === 'ENOENT' ? 'there is no such program' : error.message
      reject(new ExecError({ command, args, ...output(), code: error.code, reason }))
    })
    child.once('close', (exitCode, endedBy) => {
      signal?.removeEventListener('abort', kill)
      if (signal?.aborted) return reject(signal.reason)
      if (exitCode === 0) return resolve(output())
      const reason = endedBy ? `ended by ${endedBy} (it may run ${timeoutMs / 1000} s)` : undefined
      reject(new ExecError({ command, args, ...output(), exitCode: exitCode ?? undefined, reason }))
    })
    if (input !== undefined && child.stdin) {
      // A program that ends early does not read it all; its exit code says what happened.
      child.stdin.on('error', () => undefined)
      child.stdin.end(input)
    }
  })
}

/** On this host, as this process would run it. */
export const hostExec: Exec = { run }

/** The same, with the programs in the network namespace that the file `path` stands for. */
export function inNetworkNamespace(exec: Exec, path: string): Exec {
  return {
    run: (command, args, options) => exec.run('nsenter', [`--net=${path}`, '--', command, ...args], options),
  }
}
