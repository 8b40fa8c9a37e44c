// Measures futago as a user runs it: the built command line, the durable store, over TLS, load from another
// process. With REFERENCE_KUBECONFIG the same load runs against that cluster, and ratios are printed.
// Usage: npm run bench [-- start testing services scale store proxy pods servers etcd hostile load]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { busyboxArchive } from '../test/containerd.ts'
import { EtcdServers } from '../test/etcdserver.ts'
import { whyNot } from '../test/needs.ts'
import { Connection, type Requests } from './connection.ts'
import { loadProcess, print, root, withFutago } from './futago.ts'
import { benchHostile } from './hostile.ts'
import { createNamespace, createServices, type Place, type Rate } from './load.ts'
import type { PodFigures } from './pods.ts'
import { benchServers } from './servers.ts'
import { measureTesting } from './testing.ts'

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

const startTime = () => withFutago([], (_, readyMs) => readyMs)

async function benchStart(): Promise<void> {
  const times: number[] = []
  for (let run = 0; run < 7; run++) times.push(await startTime())
  print(
    `process start to ready (API answers, node Ready), median of ${times.length}: ` +
      `${Math.round(median(times))} ms (target 400 ms)`,
  )
}

/** A test suite's cluster, in processes that were just started; beside it what Node.js itself takes to start. */
async function benchTesting(): Promise<void> {
  const figures = measureTesting(9)
  const ms = (name: string) => `${figures[name]!.toFixed(figures[name]! < 10 ? 1 : 0)} ms`
  const beside = (name: string) =>
    `${(figures[name]! / figures['node']!).toFixed(2)} times a start of Node.js`
  print(`import futago/testing: ${ms('import')}, ${beside('import')} of ${ms('node')} (target 150 ms)`)
  print(
    `TestCluster.start(): the first ${ms('start')}, ${beside('start')}; later ones ${ms('startAgain')} ` +
      `(target 80 ms); stop(): ${ms('stop')}`,
  )
  print(
    `restore() with 1000 objects, 20 of them changed: the first ${ms('restoreFirst')}, later ones ` +
      `${ms('restore')} (target 10 ms); all 1000 deleted: ${ms('bringBack1000')}`,
  )
  print(
    `heap after 31 and after 56 clusters of one process: ${figures['heapAfter25']!.toFixed(1)} MB / ` +
      `${figures['heapAfter50']!.toFixed(1)} MB`,
  )
}

/** How many times faster than the reference each should be. */
const targets: Readonly<Record<string, number>> = {
  createConfigMap: 2.5,
  getConfigMap: 2,
  mergePatchConfigMap: 2.5,
  createDualStackService: 8,
  list2000PodsJSON: 4,
  list2000PodsTable: 4,
  list2000PodsByLabel: 10,
  watch200EventsTo50: 2,
}

const isTimed = (name: string) => name.startsWith('list')
const show = (name: string, { perSecond, p50Ms, p99Ms }: Rate) =>
  isTimed(name) ? `${p50Ms} ms` : `${perSecond}/s (p50 ${p50Ms} ms, p99 ${p99Ms} ms)`

async function benchLoad(flags: readonly string[] = []): Promise<void> {
  const figures = await withFutago(flags, async futago => {
    await pause(3000)
    const idle = futago.memory()
    const measured = loadProcess([futago.kubeconfig])
    print(
      `resident memory, idle / after the load: ${idle} MB / ${futago.memory()} MB (target 110 MB / 300 MB)`,
    )
    return measured
  })
  const reference = process.env['REFERENCE_KUBECONFIG']
  const other = reference ? loadProcess([reference]) : {}
  for (const [name, ours] of Object.entries(figures)) {
    const theirs = other[name]
    const ratio = theirs && (isTimed(name) ? theirs.p50Ms / ours.p50Ms : ours.perSecond / theirs.perSecond)
    const compared = theirs
      ? `; reference ${show(name, theirs)}; ${ratio!.toFixed(2)} times as fast` +
        (targets[name] ? ` (target ${targets[name]})` : '')
      : ''
    print(`${name}: ${show(name, ours)}${compared}`)
  }
}

/** Until controllers have nothing left to write. */
async function settled(connection: Requests): Promise<void> {
  const revision = async () =>
    Number(
      JSON.parse((await connection.must({ path: '/api/v1/namespaces?limit=1' })).body.toString()).metadata
        .resourceVersion,
    )
  for (let before = await revision(), calm = 0; calm < 3; ) {
    await pause(200)
    const now = await revision()
    calm = now - before < 5 ? calm + 1 : 0
    before = now
  }
}

/** The middle one of five rounds, after the controllers have caught up with what was there before. */
async function serviceRate(place: Place, first: number): Promise<number> {
  const count = 400
  await settled(place.connection)
  const rates: number[] = []
  for (let round = 0; round < 5; round++) {
    rates.push((await createServices(place, first + round * count, count)).perSecond)
  }
  return median(rates)
}

async function benchServices(): Promise<void> {
  const few = 2000
  const many = 10_000
  await withFutago([], async futago => {
    const connection = new Connection(futago.kubeconfig, 16)
    try {
      const place = await createNamespace(connection, 'bench-services')
      await pause(1000)
      await createServices(place, 0, few)
      const before = await serviceRate(place, few)
      await createServices(place, 2 * few, many - 2 * few)
      const after = await serviceRate(place, many)
      print(
        `create dual-stack Service with ${few} / ${many} present: ${before}/s / ${after}/s, ` +
          `ratio ${(after / before).toFixed(2)} (target: no slower)`,
      )
    } finally {
      connection.close()
    }
  })
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

async function untilReady(connection: Connection, path: string, pods: number): Promise<void> {
  const began = performance.now()
  for (let ready = 0; ready < pods; ) {
    await pause(100)
    const { status } = JSON.parse((await connection.must({ path: `${path}/scale` })).body.toString())
    ready = status?.readyReplicas ?? 0
    if (performance.now() - began > 120_000)
      throw new Error(`only ${ready} of ${pods} Pods became Ready in 120 s`)
  }
}

async function benchScale(): Promise<void> {
  const nodes = 1000
  const pods = 10_000
  const base = median([await startTime(), await startTime(), await startTime()])
  const flags = ['--nodes', String(nodes), '--cluster-cidr', '10.128.0.0/14,fd00:10:128::/52']
  await withFutago(flags, async (futago, startMs) => {
    print(
      `${nodes} simulated nodes Ready: ${Math.round(nodes / ((startMs - base) / 1000))} nodes/s (target 500)`,
    )
    const connection = new Connection(futago.kubeconfig, 4)
    try {
      const path = '/apis/apps/v1/namespaces/default/deployments'
      const began = performance.now()
      await connection.must({ method: 'POST', path, body: deployment(pods) })
      await untilReady(connection, path, pods)
      const seconds = (performance.now() - began) / 1000
      print(`${pods} Pods created, scheduled, Ready: ${Math.round(pods / seconds)} Pods/s (target 1000)`)
      print(`resident memory with them: ${futago.memory()} MB`)
    } finally {
      connection.close()
    }
  })
}

/** The load with all objects in etcd: one member, started for it. */
async function benchEtcd(): Promise<void> {
  const missing = whyNot(['etcd'])
  if (missing) {
    print(`etcd: left out, ${missing}`)
    return
  }
  const servers = await EtcdServers.start({ family: 'IPv6' })
  print('with objects in etcd:')
  await benchLoad(['--store', servers.location]).finally(() => servers.stop())
}

/** The stores by themselves, without a server around them. */
async function benchStore(): Promise<void> {
  const drivers = ['lmdb', 'memory', ...(whyNot(['etcd']) ? [] : ['etcd'])]
  const args = ['--import', 'tsx', join(root, 'bench/store.ts'), ...drivers]
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
}

/** The Service proxy by itself, with the kernel's nftables. */
async function benchProxy(): Promise<void> {
  if (process.getuid?.() !== 0) {
    print('proxy: left out, needs root')
    return
  }
  const args = ['--import', 'tsx', join(root, 'bench/proxy.ts')]
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
}

const podFigures = (kubeconfig: string): PodFigures =>
  JSON.parse(
    execFileSync(process.execPath, ['--import', 'tsx', join(root, 'bench/pods.ts'), kubeconfig], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )

/** Real containers; the reference cluster has to have the image on its nodes. */
async function benchPods(): Promise<void> {
  if (process.getuid?.() !== 0) {
    print('pods: left out, needs root')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'futago-bench-image-'))
  const archive = join(folder, 'busybox.tar')
  writeFileSync(archive, busyboxArchive())
  const flags = ['--runtime', 'containerd', '--nodes', '2', '--image', archive]
  const ours = await withFutago(flags, async futago => {
    const measured = podFigures(futago.kubeconfig)
    print(
      `resident memory of each node, without containerd: ${futago.nodeMemory().join(', ')} MB (target 90 MB)`,
    )
    return measured
  }).finally(() => rmSync(folder, { recursive: true, force: true }))
  const reference = process.env['REFERENCE_KUBECONFIG']
  const theirs = reference ? podFigures(reference) : undefined
  const compared = (name: keyof PodFigures) => (theirs ? `; reference ${theirs[name]} ms` : '')
  print(`one Pod, created to Ready: ${ours.onePodMs} ms${compared('onePodMs')} (target 500 ms)`)
  print(`50 Pods on one node: ${ours.fiftyPodsMs} ms${compared('fiftyPodsMs')} (target 12000 ms)`)
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  start: benchStart,
  testing: benchTesting,
  services: benchServices,
  scale: benchScale,
  store: benchStore,
  proxy: benchProxy,
  pods: benchPods,
  servers: benchServers,
  etcd: benchEtcd,
  hostile: benchHostile,
  // Last: the reference cluster goes on deleting for a while after its load.
  load: () => benchLoad(),
}
const asked = process.argv.slice(2)
print(
  `futago, Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}`,
)
for (const name of asked.length > 0 ? asked : Object.keys(parts)) await parts[name]!()
