// `futago verify` as a person runs it, against clusters of all four family lists and against what is no
// cluster at all: what it says, how it ends, and that nothing of it is left.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { familyOrders, formatFamilies } from '../src/ip/family.ts'
import type { Report } from '../src/verify/report.ts'
import { futago, futagoMeasured, newHome, TestedCluster } from './futago.ts'
import { reservePort } from './ports.ts'

const simulated = ['--store', 'memory', '--runtime', 'simulated']

async function verify(cluster: Pick<TestedCluster, 'home' | 'kubeconfig'>, ...flags: string[]) {
  const output = join(cluster.home, 'report.json')
  const result = await futago(
    ['verify', '--kubeconfig', cluster.kubeconfig, '--output', `json=${output}`, ...flags],
    cluster.home,
  )
  return { ...result, report: () => JSON.parse(readFileSync(output, 'utf8')) as Report }
}

const idsOf = (report: Report, outcome: string) =>
  report.checks
    .filter(({ families }) => Object.values(families).some(verdict => verdict.outcome === outcome))
    .map(({ id }) => id)

describe.each(familyOrders.map(families => ({ families, named: formatFamilies(families) })))(
  'On a cluster of $named',
  ({ families, named }) => {
    const isDual = families.length > 1
    let cluster: TestedCluster
    beforeAll(async () => {
      cluster = await TestedCluster.up([...simulated, '--nodes', '2', '--ip-families', named])
    })
    afterAll(() => cluster.remove())

    test.each(['quick', 'standard'])('--profile %s finds only that one family is missing', async profile => {
      const { exitCode, stderr, report } = await verify(cluster, '--profile', profile)
      expect([exitCode, stderr.includes('    at ')]).toEqual([isDual ? 0 : 1, false])
      expect(idsOf(report(), 'fail')).toEqual(isDual ? [] : ['PRE-03'])
      expect(report().cluster).toMatchObject({ families, expected: families, nodes: 2 })
      expect(report().exitCode).toBe(exitCode)
      for (const { families: verdicts } of report().checks) {
        expect(Object.keys(verdicts).sort()).toEqual(['IPv4', 'IPv6'])
      }
      expect(await cluster.print('kubectl get namespaces -o name')).not.toContain('futago-verify')
    })

    test('says in words what it found', async () => {
      const { exitCode, stdout } = await futago(
        ['verify', '--kubeconfig', cluster.kubeconfig, '--profile', 'quick'],
        cluster.home,
      )
      expect(exitCode).toBe(isDual ? 0 : 1)
      expect(stdout).toContain('NODE-01')
      if (isDual) expect(stdout).not.toContain('not dual-stack')
      else expect(stdout).toContain('futago up --ip-families IPv4,IPv6')
    })
  },
)

describe('futago verify', () => {
  let cluster: TestedCluster
  beforeAll(async () => {
    cluster = await TestedCluster.up(simulated)
  })
  afterAll(() => cluster.remove())

  test('--only and --skip choose checks', async () => {
    const { report } = await verify(cluster, '--only', 'NODE-01,SVC-01,SVC-02', '--skip', 'SVC-02')
    expect(report().checks.map(({ id }) => id)).toEqual(['NODE-01', 'SVC-01'])
    const unknown = await verify(cluster, '--only', 'NODE-99')
    expect([unknown.exitCode, unknown.stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(unknown.stderr).toContain('NODE-99')
  })

  test('--read-only makes nothing, and says what it left out', async () => {
    // What is told of the node comes by itself, for some seconds after the start.
    const there = async () => [
      await cluster.print('kubectl get services,namespaces -A -o name'),
      await cluster.print('kubectl get events -A --field-selector involvedObject.kind!=Node -o name'),
    ]
    const before = await there()
    const { exitCode, report } = await verify(cluster, '--read-only')
    expect(exitCode).toBe(0)
    expect(idsOf(report(), 'pass')).toContain('NODE-04')
    const service = report().checks.find(({ id }) => id === 'SVC-03')!
    expect(service.families.IPv6).toMatchObject({ outcome: 'skip' })
    expect(await there()).toEqual(before)
  })

  test('--expect and --primary say what the cluster has to be', async () => {
    const single = await verify(cluster, '--profile', 'quick', '--expect', 'ipv6')
    expect(idsOf(single.report(), 'warn')).toEqual(['PRE-03'])
    expect(single.exitCode).toBe(0)
    const swapped = await verify(cluster, '--profile', 'quick', '--primary', 'IPv6')
    expect(idsOf(swapped.report(), 'fail')).toContain('PRE-03')
    expect(swapped.exitCode).toBe(1)
  })

  test('speaks Japanese', async () => {
    const flags = ['--profile', 'quick', '--primary', 'IPv6', '--lang', 'ja']
    const { stdout } = await futago(['verify', '--kubeconfig', cluster.kubeconfig, ...flags], cluster.home)
    expect(stdout).toContain('プライマリファミリーは安全に変更できません')
  })

  test('ends with 2 and one line where it cannot run', async () => {
    const text = readFileSync(cluster.kubeconfig, 'utf8')
    const broken = async (name: string, changed: string, ...flags: string[]) => {
      const kubeconfig = join(cluster.home, name)
      writeFileSync(kubeconfig, changed)
      const { exitCode, stdout, stderr } = await futago(
        ['verify', '--kubeconfig', kubeconfig, ...flags],
        cluster.home,
      )
      expect([name, exitCode, stdout]).toEqual([name, 2, ''])
      expect([name, stderr.trim().split('\n').length]).toEqual([name, 1])
      return stderr
    }
    const server = /server: (\S+)/.exec(text)![1]!
    const nobody = `https://[::1]:${await reservePort()}`
    expect(await broken('unreachable', text.replace(server, nobody))).toContain(nobody)
    expect(await broken('wrong-context', text, '--context', 'elsewhere')).toContain('elsewhere')
    expect(await broken('no-yaml', 'clusters: [')).toContain('no-yaml')
    const missing = join(cluster.home, 'missing')
    const none = await futago(['verify', '--kubeconfig', missing], cluster.home)
    expect([none.exitCode, none.stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(none.stderr).toContain(missing)
  })
})

test('1,000 nodes are looked at in seconds, in little memory', async () => {
  const ranges = '10.128.0.0/9,fd00:10:244::/48'
  const cluster = await TestedCluster.up(
    [...simulated, '--nodes', '1000', '--cluster-cidr', ranges],
    newHome(),
  )
  const flags = ['verify', '--kubeconfig', cluster.kubeconfig, '--profile', 'quick']
  const { exitCode, stdout, processorSeconds, peakMiB } = await futagoMeasured(flags, cluster.home)
  await cluster.remove()
  expect([exitCode, stdout.includes('linux IPv4 + IPv6: 1000')]).toEqual([0, false])
  // Of a processor: how long it takes is up to what else this machine does.
  expect(processorSeconds).toBeGreaterThan(0)
  expect(processorSeconds).toBeLessThan(5)
  expect(peakMiB).toBeLessThan(300)
})
