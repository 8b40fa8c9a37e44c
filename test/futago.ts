// Starts real clusters for the system tests: the built command line in a process of its own, state in a
// temporary directory, stopped and checked at the end.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandResult, type KubectlVersion, root, runShell } from './kubectl.ts'

const cli = join(root, 'dist/cli.js')

export const newHome = (): string => mkdtempSync(join(tmpdir(), 'futago-test-'))

function spawnFutago(args: readonly string[], home: string): ChildProcess {
  if (!existsSync(cli))
    throw new Error('Cannot start futago: dist/cli.js is missing, expected: npm run build')
  return spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: { ...process.env, FUTAGO_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

const collect = (stream: NodeJS.ReadableStream | null, into: { text: string }) =>
  stream?.on('data', chunk => {
    into.text += chunk
  })

/** Runs a futago command to its end. */
export const futago = (args: readonly string[], home: string): Promise<CommandResult> =>
  resultOf(spawnFutago(args, home))

/** Of `/proc/PID/stat`: what follows the name, which may hold anything. */
function processorSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticksPerSecond = 100
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Likewise; also how long it kept a processor busy, and the most memory it had at once. */
export async function futagoMeasured(args: readonly string[], home: string) {
  const child = spawnFutago(args, home)
  let peakKiB = 0
  let processorSeconds = 0
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
      processorSeconds = processorSecondsOf(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))
    } catch {
      // It has ended.
    }
  }, 20)
  const result = await resultOf(child)
  clearInterval(timer)
  return { ...result, processorSeconds, peakMiB: peakKiB / 1024 }
}

async function resultOf(child: ChildProcess): Promise<CommandResult> {
  const stdout = { text: '' }
  const stderr = { text: '' }
  collect(child.stdout, stdout)
  collect(child.stderr, stderr)
  const exitCode = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

export class TestedCluster {
  readonly home: string
  readonly kubeconfig: string
  readonly readyLine: string
  readonly process: ChildProcess
  readonly stderr: { text: string }

  private constructor(init: Pick<TestedCluster, 'home' | 'kubeconfig' | 'readyLine' | 'process' | 'stderr'>) {
    this.home = init.home
    this.kubeconfig = init.kubeconfig
    this.readyLine = init.readyLine
    this.process = init.process
    this.stderr = init.stderr
  }

  /**
   * `futago up` with these flags, on a free port and with simulated nodes unless they say otherwise;
   * resolves when it says it is ready.
   */
  static async up(flags: readonly string[] = [], home = newHome()): Promise<TestedCluster> {
    const port = flags.includes('--secure-port') ? [] : ['--secure-port', '0']
    const runtime = flags.includes('--runtime') ? [] : ['--runtime', 'simulated']
    const child = spawnFutago(['up', ...port, ...runtime, ...flags], home)
    const stdout = { text: '' }
    const stderr = { text: '' }
    collect(child.stdout, stdout)
    collect(child.stderr, stderr)
    const readyLine = await new Promise<string>((resolve, reject) => {
      child.stdout?.on('data', () => {
        if (stdout.text.includes('\n')) resolve(stdout.text.trimEnd())
      })
      child.once('close', code => reject(new Error(`futago up ended with ${code}: ${stderr.text}`)))
    })
    const kubeconfig = /kubeconfig: (.+)$/.exec(readyLine)?.[1]
    if (!kubeconfig) throw new Error(`Cannot find the kubeconfig in ${JSON.stringify(readyLine)}`)
    return new TestedCluster({ home, kubeconfig, readyLine, process: child, stderr })
  }

  /** Runs a command line with kubectl on its PATH. */
  shell(commandLine: string, kubectl: KubectlVersion = '1.34', stdin?: string): Promise<CommandResult> {
    return runShell(commandLine, {
      kubectl,
      kubeconfig: this.kubeconfig,
      ...(stdin === undefined ? {} : { stdin }),
    })
  }

  /** What a command prints; a failing command throws with what it said. */
  async print(commandLine: string, kubectl: KubectlVersion = '1.34', stdin?: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.shell(commandLine, kubectl, stdin)
    if (exitCode === 0) return stdout
    throw new Error(`${commandLine} ended with ${exitCode}: ${stderr}${stdout}`)
  }

  /** Sends the signal and resolves with the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode
    const exited = new Promise<number | null>(resolve => this.process.once('close', code => resolve(code)))
    this.process.kill(signal)
    return exited
  }

  /** Stops it and removes what it kept. */
  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.home, { recursive: true, force: true })
  }
}
