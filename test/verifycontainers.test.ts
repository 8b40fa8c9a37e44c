// `futago verify` with its default profile on nodes with real containers, in all four family configurations: it
// finds nothing wrong, probes Pods in every family that there is, and ends with 0.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { familyOrders, formatFamilies, otherFamily } from '../src/ip/family.ts'
import type { Report } from '../src/verify/report.ts'
import { clusterNeeds, upWithContainers } from './containercluster.ts'
import { busyboxImage } from './containerd.ts'
import { futago, type TestedCluster } from './futago.ts'
import { whyNot } from './needs.ts'

const configurations = familyOrders.map(families => ({ families, named: formatFamilies(families) }))

/** Traffic of each kind: what proves that probes did run. */
const proven = [
  'POD-01',
  'POD-07',
  'POD-09',
  'SVC-07',
  'SVC-12',
  'LB-04',
  'LB-05',
  'LB-06',
  'DNS-01',
  'DNS-02',
]

describe.skipIf(whyNot(clusterNeeds))('On two real nodes', () => {
  let cluster: TestedCluster | undefined
  afterEach(() => cluster?.remove())

  test.each(configurations)('of $named nothing is wrong', async ({ families, named }) => {
    cluster = await upWithContainers(['--store', 'memory', '--ip-families', named])
    const output = join(cluster.home, 'report.json')
    const [primary] = families
    const expected = families.length === 1 ? ['--expect', primary!.toLowerCase()] : []
    const flags = ['--kubeconfig', cluster.kubeconfig, '--image', busyboxImage, '--egress-target', 'none']
    const { exitCode, stdout } = await futago(
      ['verify', ...flags, ...expected, '--output', `json=${output}`],
      cluster.home,
    )
    const { checks } = JSON.parse(readFileSync(output, 'utf8')) as Report
    const idsOf = (outcome: string, family: 'IPv4' | 'IPv6') =>
      checks.filter(check => check.families[family]?.outcome === outcome).map(({ id }) => id)
    for (const family of ['IPv4', 'IPv6'] as const) {
      expect([family, idsOf('fail', family), idsOf('warn', family)]).toEqual([family, [], []])
    }
    expect([exitCode, stdout.includes('    at ')]).toEqual([0, false])
    for (const family of families) expect(idsOf('pass', family)).toEqual(expect.arrayContaining(proven))
    if (families.length === 1) {
      expect(idsOf('skip', otherFamily(primary!))).toHaveLength(checks.length)
    }
  })
})
