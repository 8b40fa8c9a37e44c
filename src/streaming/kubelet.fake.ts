// A kubelet for tests: `cat` echoes stdin, `exit N` ends with N, `size` prints terminal sizes; attach is
// cat; every port echoes; the log has two lines.
import { type Duplex, PassThrough, Readable } from 'node:stream'
import type { ExecOptions, ExecOutcome, ExecSession, KubeletConnection } from '../api/kubeletapi.ts'
import { internal, StatusError } from '../api/status.ts'

export interface FakeKubelet extends KubeletConnection {
  /** What was asked of it. */
  readonly calls: unknown[]
}

function startSession(options: Omit<ExecOptions, 'command'>, command: readonly string[]): ExecSession {
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  let end: (outcome: ExecOutcome) => void = () => undefined
  const outcome = new Promise<ExecOutcome>(resolve => {
    end = resolve
  })
  const finish = (result: ExecOutcome) => {
    stdout.end()
    stderr.end()
    end(result)
  }
  const [name = '', argument = ''] = command
  if (name === 'cat') {
    stdin.pipe(stdout)
    stdin.once('end', () => finish({ type: 'exited', exitCode: 0 }))
  } else if (name === 'exit') {
    stderr.write(`leaving with ${argument}\n`)
    finish({ type: 'exited', exitCode: Number(argument) })
  } else if (name !== 'size') finish({ type: 'failed', message: `cannot run ${name}` })
  return {
    ...(options.stdin ? { stdin } : {}),
    ...(options.stdout ? { stdout } : {}),
    ...(options.stderr ? { stderr } : {}),
    resize({ columns, rows }) {
      stdout.write(`${columns}x${rows}`)
      finish({ type: 'exited', exitCode: 0 })
    },
    outcome,
    close: () => end({ type: 'failed', message: 'closed' }),
  }
}

function echo(): Duplex {
  return new PassThrough()
}

export function fakeKubelet(): FakeKubelet {
  const calls: unknown[] = []
  return {
    calls,
    async logs(container, options) {
      calls.push({ container, options })
      return Readable.from([Buffer.from('one\n'), Buffer.from('two\n')])
    },
    async exec(container, options) {
      calls.push({ container, options })
      if (options.command[0] === 'missing') {
        throw new StatusError({ code: 404, reason: 'NotFound', message: 'container not found ("c")' })
      }
      return startSession(options, options.command)
    },
    async attach(container, options) {
      calls.push({ container, options })
      return startSession(options, ['cat'])
    },
    async usage() {
      return { node: { timeMs: 0, startedAt: '', cpuNanoseconds: 0, memoryWorkingSetBytes: 0 }, pods: [] }
    },
    connect: async () => echo(),
    async portForward(_pod, port) {
      if (port === 1) throw internal(undefined, 'connection refused')
      return echo()
    },
  }
}
