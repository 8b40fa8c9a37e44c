// From one process to three API servers on three etcd members, all on this machine: the same load on each
// set-up, as a table. The members and the servers share its cores, so that this shows what sharing costs, and
// what more servers bring only where there are cores for them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EtcdServers } from '../test/etcdserver.ts'
import { cpuSeconds, Futago, loadProcess, print } from './futago.ts'
import type { Figures } from './load.ts'

interface SetUp {
  readonly title: string
  /** None: the store is the process's own. */
  readonly members: number
  readonly servers: number
  readonly store?: string
}

const setUps: readonly SetUp[] = [
  { title: 'memory, 1 server', members: 0, servers: 1, store: 'memory' },
  { title: 'lmdb, 1 server', members: 0, servers: 1, store: 'lmdb' },
  { title: '1 etcd member, 1 server', members: 1, servers: 1 },
  { title: '3 etcd members, 1 server', members: 3, servers: 1 },
  { title: '3 etcd members, 2 servers', members: 3, servers: 2 },
  { title: '3 etcd members, 3 servers', members: 3, servers: 3 },
]

const columns = {
  createConfigMap: 'create',
  getConfigMap: 'get',
  mergePatchConfigMap: 'patch',
  createDualStackService: 'create a dual-stack Service',
  list2000PodsJSON: 'list 2,000 Pods',
  watch200EventsTo50: 'events to 50 watches',
} as const

/** etcd's own defaults, for members that share two cores with everything else. */
const patience = ['--heartbeat-interval', '100', '--election-timeout', '1000']

function cell(name: string, figures: Figures): string {
  const { perSecond, p50Ms } = figures[name]!
  return name.startsWith('list') ? `${p50Ms} ms` : `${perSecond}/s (${p50Ms} ms)`
}

interface Measured {
  readonly figures: Figures
  /** Processor seconds, all servers and all members together. */
  readonly serversSeconds: number
  readonly membersSeconds: number
}

async function measure({ members, servers, store }: SetUp): Promise<Measured> {
  const certDir = mkdtempSync(join(tmpdir(), 'futago-bench-keys-'))
  const etcd = members > 0 ? await EtcdServers.start({ family: 'IPv6', members, flags: patience }) : undefined
  const running: Futago[] = []
  try {
    for (let server = 0; server < servers; server++) {
      const nodes = server === 0 ? '1' : '0'
      const flags = ['--store', store ?? etcd!.location, '--cert-dir', certDir, '--nodes', nodes]
      const futago = new Futago(flags)
      running.push(futago)
      await futago.ready()
    }
    const used = () => [cpuSeconds(running.map(({ pid }) => pid)), cpuSeconds(etcd?.pids ?? [])] as const
    const before = used()
    const figures = loadProcess(running.map(({ kubeconfig }) => kubeconfig))
    const after = used()
    return { figures, serversSeconds: after[0] - before[0], membersSeconds: after[1] - before[1] }
  } finally {
    for (const futago of running) await futago.stop()
    await etcd?.stop()
    rmSync(certDir, { recursive: true, force: true })
  }
}

export async function benchServers(): Promise<void> {
  const names = Object.keys(columns)
  print(`| | ${Object.values(columns).join(' | ')} | CPU of servers | of members |`)
  print(`|---${'|---'.repeat(names.length + 2)}|`)
  for (const setUp of setUps) {
    const { figures, serversSeconds, membersSeconds } = await measure(setUp)
    const cells = names.map(name => cell(name, figures))
    const seconds = [serversSeconds, membersSeconds].map(each => `${Math.round(each)} s`)
    print(`| ${[setUp.title, ...cells, ...seconds].join(' | ')} |`)
  }
}
