// Programs that run on, in a session of their own so that a terminal's Ctrl-C is not theirs, with a log
// file instead of an output. They outlive the process that started them, unless that ends them.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

export interface DaemonOptions {
  /** Appended to; for its owner only. */
  readonly logPath: string
  /** It is a Node.js program that is sent messages and sends some. */
  readonly onMessage?: (message: unknown) => void
}

export interface Daemon {
  readonly pid: number
  /** Resolves with how it ended: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>
  /** Lost when it has ended, or was started without `onMessage`. */
  send(message: object): void
}

function asDaemon(child: ChildProcess, ended: Promise<string>): Daemon {
  return {
    pid: child.pid!,
    ended,
    send(message) {
      if (child.connected) child.send(message, () => undefined)
    },
  }
}

/** Resolves when it runs, which says nothing yet about its success; throws when there is no such program. */
export async function startDaemon(
  command: string,
  args: readonly string[],
  { logPath, onMessage }: DaemonOptions,
): Promise<Daemon> {
  const log = openSync(logPath, 'a', 0o600)
  try {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log, ...(onMessage ? (['ipc'] as const) : [])],
    })
    const ended = new Promise<string>(resolve => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
    if (onMessage) child.on('message', onMessage)
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.on('error', () => undefined)
    child.unref()
    child.channel?.unref()
    return asDaemon(child, ended)
  } finally {
    closeSync(log)
  }
}
