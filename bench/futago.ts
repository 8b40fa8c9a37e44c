// What is measured, as processes: the built command line with a home of its own, and the load beside it.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type { Figures } from './load.ts'

export const root = fileURLToPath(new URL('..', import.meta.url))

function residentMB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024)
}

const ticksPerSecond = 100

/** Processor time that processes have had, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.flatMap(pid => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return [Number(fields[11]), Number(fields[12])]
  })
  return ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond
}

export class Futago {
  readonly home = mkdtempSync(join(tmpdir(), 'futago-bench-'))
  readonly #child
  #output = ''

  constructor(flags: readonly string[] = []) {
    const runtime = flags.includes('--runtime') ? [] : ['--runtime', 'simulated']
    const args = [join(root, 'dist/cli.js'), 'up', '--secure-port', '0', ...runtime, ...flags]
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, FUTAGO_HOME: this.home },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child.stdout.on('data', chunk => {
      this.#output += chunk
    })
  }

  /** Milliseconds from the process's start until it says it is ready. */
  async ready(): Promise<number> {
    const began = performance.now()
    while (!this.#output.includes('\n')) {
      if (this.#child.exitCode !== null) throw new Error(`futago ended with ${this.#child.exitCode}`)
      if (performance.now() - began > 60_000) throw new Error('futago was not ready within a minute')
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    return performance.now() - began
  }

  get pid(): number {
    return this.#child.pid!
  }

  get kubeconfig(): string {
    return /kubeconfig: (.+)/.exec(this.#output)![1]!
  }

  /** Resident memory in MB, as the kernel counts it. */
  memory(): number {
    return residentMB(this.#child.pid!)
  }

  /** Of each node's process, containerd and what it runs not included. */
  nodeMemory(): number[] {
    const pattern = `^[^ ]*node .+ node run --config ${this.home}/`
    const found = execFileSync('pgrep', ['-f', pattern], { encoding: 'utf8' })
    return found
      .trim()
      .split('\n')
      .map(pid => residentMB(Number(pid)))
  }

  async stop(): Promise<void> {
    const exited = new Promise(resolve => this.#child.once('close', resolve))
    this.#child.kill('SIGTERM')
    await exited
    rmSync(this.home, { recursive: true, force: true })
  }
}

export const print = (line = '') => process.stdout.write(`${line}\n`)

/** Runs `work` with a futago that is ready, and ends it whatever comes. */
export async function withFutago<T>(
  flags: readonly string[],
  work: (futago: Futago, readyMs: number) => T | Promise<T>,
): Promise<T> {
  const futago = new Futago(flags)
  try {
    return await work(futago, await futago.ready())
  } finally {
    await futago.stop()
  }
}

/** The load runs in a process of its own, as a client would. */
export const loadProcess = (kubeconfigs: readonly string[]): Figures =>
  JSON.parse(
    execFileSync(process.execPath, ['--import', 'tsx', join(root, 'bench/load.ts'), ...kubeconfigs], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
