// `futago verify` on two real nodes, broken one way at a time with nft, ip and sysctl, where packets go: what a
// break is, and how it is made, looked at, and mended again.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { IPFamily } from '../src/ip/family.ts'
import type { Report } from '../src/verify/report.ts'
import { clusterNeeds, upWithContainers } from './containercluster.ts'
import { busyboxImage } from './containerd.ts'
import { futago, type TestedCluster } from './futago.ts'

/** For whyNot(). */
export const breakNeeds = [...clusterNeeds, 'tuning']

/** The first process of a node, in whose namespaces the node is. */
function processOf(cluster: TestedCluster, node: string): string {
  const init = join(cluster.home, 'default', 'nodes', node, 'init')
  const found = readdirSync('/proc').find(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${init}\0`)
    } catch {
      return false
    }
  })
  if (!found) throw new Error(`Cannot find the process of ${node}: expected ${init}`)
  return found
}

/** Runs a command on a node, in its network. */
export const onNode = (cluster: TestedCluster, node: string) => (command: string) =>
  execFileSync('nsenter', ['-t', processOf(cluster, node), '-n', 'sh', '-c', command], { stdio: 'pipe' })

export interface PacketBreak {
  readonly name: string
  /** Default: node2 alone. */
  readonly nodes?: readonly string[]
  readonly apply: string
  readonly undo: string
  readonly family: IPFamily
  readonly fails?: readonly string[]
  readonly warns?: readonly string[]
  readonly reads: string
  /** Which checks run; default: all of the table's subject. */
  readonly among?: RegExp
}

export const everyNode = ['node1', 'node2']

/** Drops what `rule` matches, in a hook of a table of its own. */
export const table = (family: string, chain: string, rule: string) => ({
  apply: `nft 'table ${family} verifybreaks { chain c { type filter hook ${chain} priority -10; ${rule}; }; }'`,
  undo: `nft delete table ${family} verifybreaks`,
})

/** The ids of the checks with this outcome. */
export const idsOf = (report: Report, outcome: string, family: IPFamily) =>
  report.checks.filter(({ families }) => families[family]?.outcome === outcome).map(({ id }) => id)

/** A cluster that is broken and looked at again and again. */
export class BreakableCluster {
  readonly cluster: TestedCluster
  readonly #all: readonly string[]

  private constructor(cluster: TestedCluster, all: readonly string[]) {
    this.cluster = cluster
    this.#all = all
  }

  static async up(): Promise<BreakableCluster> {
    const cluster = await upWithContainers(['--store', 'memory'])
    const { stdout } = await futago(['verify', '--list'], cluster.home)
    return new BreakableCluster(
      cluster,
      [...stdout.matchAll(/^([A-Z]+-\d+)/gm)].map(([id]) => id),
    )
  }

  /** The report of the checks whose ids match. */
  async verify(which: RegExp): Promise<Report> {
    const { cluster } = this
    const output = join(cluster.home, 'report.json')
    const only = this.#all.filter(id => which.test(id)).join()
    const flags = ['--kubeconfig', cluster.kubeconfig, '--image', busyboxImage, '--egress-target', 'none']
    await futago(['verify', ...flags, '--only', only, '--output', `json=${output}`], cluster.home)
    return JSON.parse(readFileSync(output, 'utf8')) as Report
  }

  /** Makes the break, expects what it says to be found by the checks that match and nothing else, and mends it. */
  async breakOnce({ nodes = ['node2'], apply, undo, family, ...broken }: PacketBreak, which: RegExp) {
    const { fails = [], warns = [], reads } = broken
    for (const node of nodes) onNode(this.cluster, node)(apply)
    try {
      const report = await this.verify(which)
      const other: IPFamily = family === 'IPv4' ? 'IPv6' : 'IPv4'
      expect([idsOf(report, 'fail', family), idsOf(report, 'fail', other)]).toEqual([fails, []])
      expect([idsOf(report, 'warn', family), idsOf(report, 'warn', other)]).toEqual([warns, []])
      const [first] = [...fails, ...warns]
      const verdict = report.checks.find(({ id }) => id === first)!.families[family]!
      expect('remedy' in verdict ? `${verdict.cause.en} ${verdict.remedy.en}` : '').toContain(reads)
    } finally {
      for (const node of nodes) onNode(this.cluster, node)(undo)
    }
  }

  /** Expects that nothing is found, and that these checks pass. */
  async expectWhole(which: RegExp, passes: readonly string[]): Promise<void> {
    const report = await this.verify(which)
    for (const family of ['IPv4', 'IPv6'] as const) {
      expect(idsOf(report, 'fail', family)).toEqual([])
      expect(idsOf(report, 'warn', family)).toEqual([])
      expect(idsOf(report, 'pass', family)).toEqual(expect.arrayContaining([...passes]))
    }
  }
}
