// A command's streams between a client and a kubelet, whatever protocol the client came with: bytes are
// piped, sizes passed on, and the outcome becomes the Status that ends the session (k8s.io/apimachinery
// pkg/util/remotecommand).
import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ExecOutcome, ExecSession, TerminalSize } from '../api/kubeletapi.ts'

/** The Status that ends a session. */
export interface Outcome {
  readonly metadata: object
  readonly status: 'Success' | 'Failure'
  /** This and what follows: of a failure. */
  readonly message?: string
  readonly reason?: string
  readonly details?: object
  readonly code?: number
}

export interface ClientStreams {
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  onResize(callback: (size: TerminalSize) => void): void
  /** Sends the closing Status, after stdout and stderr have ended, and closes the connection. */
  finish(status: Outcome): Promise<void>
  /** Once, when the connection is over. */
  onClose(callback: () => void): void
}

export interface StreamSelection {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** The Status that tells a client how its command ended. */
export function outcomeStatus(outcome: ExecOutcome): Outcome {
  if (outcome.type === 'failed') {
    const message = `Internal error occurred: ${outcome.message}`
    const details = { causes: [{ message: outcome.message }] }
    return { metadata: {}, status: 'Failure', message, reason: 'InternalError', details, code: 500 }
  }
  if (outcome.exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${outcome.exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(outcome.exitCode) }] },
  }
}

/** Resolves when all of `from` has been written to `to`, or `to` is gone. */
async function passOn(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (!to) {
    from?.resume()
    return
  }
  const written = finished(to, { readable: false }).catch(() => undefined)
  if (from) {
    from.pipe(to, { end: false })
    await Promise.race([written, finished(from, { writable: false }).catch(() => undefined)])
  }
  to.end()
  await written
}

/** Runs a session to its end; never rejects. */
export async function runSession(session: ExecSession, client: ClientStreams): Promise<void> {
  client.onClose(() => session.close())
  client.onResize(size => session.resize(size))
  if (client.stdin && session.stdin) {
    session.stdin.on('error', () => undefined)
    client.stdin.pipe(session.stdin)
  }
  const outputs = [passOn(session.stdout, client.stdout), passOn(session.stderr, client.stderr)]
  const outcome = await session.outcome.catch(
    (error: unknown): ExecOutcome => ({ type: 'failed', message: String(error) }),
  )
  await Promise.all(outputs)
  await client.finish(outcomeStatus(outcome)).catch(() => undefined)
  session.close()
}

const isLength = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff

/** A terminal's size as clients send it, some in lower case: a server written in Go takes either. */
export function parseTerminalSize(text: string): TerminalSize | undefined {
  try {
    const fields = Object.entries(JSON.parse(text) as object)
    const { width, height } = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]))
    if (![width, height].every(isLength)) return undefined
    return { columns: width, rows: height }
  } catch {
    return undefined
  }
}
