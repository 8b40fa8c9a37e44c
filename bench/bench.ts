// Measures futago as a user runs it: the built command line, the durable store, over TLS, load from another
// process. With REFERENCE_KUBECONFIG the same load runs against that cluster, and ratios are printed.
// Usage: npm run bench [-- start load scale]
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Connection } from './connection.ts'
import type { Figures, Rate } from './load.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

class Futago {
  readonly home = mkdtempSync(join(tmpdir(), 'futago-bench-'))
  readonly #child
  #output = ''

  constructor(flags: readonly string[] = []) {
    const args = [join(root, 'dist/cli.js'), 'up', '--secure-port', '0', ...flags]
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
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    return performance.now() - began
  }

  get kubeconfig(): string {
    return /kubeconfig: (.+)/.exec(this.#output)![1]!
  }

  /** Resident memory in MB, as the kernel counts it. */
  memory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024)
  }

  async stop(): Promise<void> {
    const exited = new Promise(resolve => this.#child.once('close', resolve))
    this.#child.kill('SIGTERM')
    await exited
    rmSync(this.home, { recursive: true, force: true })
  }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const print = (line = '') => process.stdout.write(`${line}\n`)
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

async function benchStart(): Promise<void> {
  const times: number[] = []
  for (let run = 0; run < 5; run++) {
    const futago = new Futago()
    times.push(await futago.ready())
    await futago.stop()
  }
  print(
    `process start to ready (API answers, node Ready), median of ${times.length}: ${Math.round(median(times))} ms`,
  )
}

/** The load runs in a process of its own, as a client would. */
const loadProcess = (kubeconfig: string): Figures =>
  JSON.parse(
    execFileSync(process.execPath, ['--import', 'tsx', join(root, 'bench/load.ts'), kubeconfig], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )

const isTimed = (name: string) => name.startsWith('list')
const show = (name: string, { perSecond, p50Ms, p99Ms }: Rate) =>
  isTimed(name) ? `${p50Ms} ms` : `${perSecond}/s (p50 ${p50Ms} ms, p99 ${p99Ms} ms)`

async function benchLoad(): Promise<void> {
  const reference = process.env['REFERENCE_KUBECONFIG']
  const futago = new Futago()
  await futago.ready()
  await pause(3000)
  const idle = futago.memory()
  const figures = await new Promise<Figures>((resolve, reject) => {
    try {
      resolve(loadProcess(futago.kubeconfig))
    } catch (error) {
      reject(error as Error)
    }
  })
  print(`resident memory, idle / after the load: ${idle} MB / ${futago.memory()} MB`)
  await futago.stop()
  const other = reference ? loadProcess(reference) : {}
  for (const [name, ours] of Object.entries(figures)) {
    const theirs = other[name]
    if (!theirs) print(`${name}: ${show(name, ours)}`)
    else {
      const ratio = isTimed(name) ? ours.p50Ms / theirs.p50Ms : ours.perSecond / theirs.perSecond
      print(`${name}: ${show(name, ours)}; reference ${show(name, theirs)}; ratio ${ratio.toFixed(2)}`)
    }
  }
}

const deployment = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'scale' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'scale' } },
    template: {
      metadata: { labels: { app: 'scale' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'registry.example/app:1',
            resources: { requests: { cpu: '10m', memory: '16Mi' } },
          },
        ],
      },
    },
  },
})

async function benchScale(): Promise<void> {
  const nodes = 1000
  const pods = 10_000
  const small = new Futago()
  const base = await small.ready()
  await small.stop()
  const futago = new Futago(['--nodes', String(nodes), '--cluster-cidr', '10.128.0.0/14,fd00:10:128::/52'])
  const startMs = await futago.ready()
  print(`${nodes} simulated nodes Ready: ${Math.round(nodes / ((startMs - base) / 1000))} nodes/s`)
  const connection = new Connection(futago.kubeconfig, 4)
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const began = performance.now()
  await connection.must({ method: 'POST', path, body: deployment(pods) })
  let ready = 0
  while (ready < pods) {
    await pause(100)
    const { status } = JSON.parse((await connection.must({ path: `${path}/scale` })).body.toString())
    ready = status?.readyReplicas ?? 0
    if (performance.now() - began > 120_000)
      throw new Error(`only ${ready} of ${pods} Pods became Ready in 120 s`)
  }
  const seconds = (performance.now() - began) / 1000
  print(`${pods} Pods created, scheduled, Ready: ${Math.round(pods / seconds)} Pods/s`)
  print(`resident memory with them: ${futago.memory()} MB`)
  connection.close()
  await futago.stop()
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  start: benchStart,
  load: benchLoad,
  scale: benchScale,
}
const asked = process.argv.slice(2)
print(
  `futago, Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}`,
)
for (const name of asked.length > 0 ? asked : Object.keys(parts)) await parts[name]!()
