// `futago up`: starts a cluster and serves it until it is told to stop, or detaches.
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import type { Command } from 'commander'
import { ConfigError, loadConfig } from '../../cluster/config.ts'
import { StateDirectory } from '../../cluster/statedirectory.ts'
import { openLogger } from '../../component/log.ts'
import { addClusterOptions, type UpFlags, withFile } from '../clusteroptions.ts'
import { CommandError } from '../commanderror.ts'
import { logFormatOf, openTracer } from '../observation.ts'
import { stateRoot } from '../stateroot.ts'

export function addUp(program: Command): void {
  addClusterOptions(program.command('up').description('start a cluster and serve it until Ctrl-C')).action(up)
}

async function up(flags: UpFlags): Promise<void> {
  const options = await withFile(flags)
  loadConfig(options)
  if (flags.detach && options.auditLogPath === '-') {
    throw new ConfigError('Cannot use --audit-log-path - with --detach: nobody reads it, expected a file')
  }
  if (flags.detach) return detach(options.name ?? 'default')
  const signal = onStopSignal()
  const { startCluster } = await import('../../cluster/cluster.ts')
  const log = await openLogger({ level: flags.logLevel, format: logFormatOf(flags), fd: 2 })
  const tracer = await openTracer(flags.tracingConfigFile, log)
  const cluster = await startCluster(options, {
    stateRoot: stateRoot(),
    ...(flags.kubeconfig ? { kubeconfigPath: flags.kubeconfig } : {}),
    log,
    tracer,
    nodeLogLevel: flags.logLevel,
    command: [process.execPath, process.argv[1]!],
    notify,
    signal,
  })
  const text = `ready in ${Math.round(process.uptime() * 1000)} ms  kubeconfig: ${cluster.kubeconfigPath}`
  process.stdout.write(`${text}\n`)
  process.send?.({ ready: text })
  await aborted(signal)
  await cluster.stop()
  await tracer?.close()
}

/** To who waits at the terminal, also for a cluster in the background. */
function notify(text: string): void {
  if (process.send) process.send({ notice: text })
  else process.stderr.write(`futago: ${text}\n`)
}

/** Aborted by the first signal to stop; a second one does not wait for anything. */
function onStopSignal(): AbortSignal {
  const stopping = new AbortController()
  const stop = () => {
    if (stopping.signal.aborted) process.exit(130)
    stopping.abort(new CommandError('stopped before the cluster was ready'))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  return stopping.signal
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Starts the same command line again in the background and waits until it says that it is ready. */
async function detach(name: string): Promise<void> {
  const directory = new StateDirectory(stateRoot(), name)
  directory.create()
  const logFile = directory.file('log')
  const log = openSync(logFile, 'a', 0o600)
  const args = process.argv.slice(1).filter(argument => argument !== '--detach')
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'ignore', log, 'ipc'] })
  const outcome = await readiness(child)
  child.disconnect()
  child.unref()
  if (outcome.ready === undefined) {
    throw new CommandError(
      outcome.error ?? `Cannot start cluster ${name}: it stopped, expected an answer; see ${logFile}`,
      outcome.exitCode,
    )
  }
  process.stdout.write(`${outcome.ready}\n`)
}

interface Outcome {
  readonly ready?: string
  readonly error?: string
  /** What it would have been in the foreground. */
  readonly exitCode?: number
}

function readiness(child: ChildProcess): Promise<Outcome> {
  return new Promise(resolve => {
    child.on('message', message => {
      const { notice, ...outcome } = message as Outcome & { notice?: string }
      if (notice) process.stderr.write(`futago: ${notice}\n`)
      else resolve(outcome)
    })
    child.once('exit', () => resolve({}))
    child.once('error', error => resolve({ error: `Cannot start in the background: ${error.message}` }))
  })
}
