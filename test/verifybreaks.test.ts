// `futago verify` on real nodes, broken one way at a time with nft, ip and sysctl, where packets go: the check
// that should say so does, for the family that is broken, and no other check does.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatOCIArchive, goArchitecture } from '../src/cluster/containerd/ociarchive.ts'
import type { IPFamily } from '../src/ip/family.ts'
import type { Report } from '../src/verify/report.ts'
import { futago, newHome, TestedCluster } from './futago.ts'
import { whyNot } from './needs.ts'

const reason = whyNot([
  'containerd',
  'runc',
  'nsenter',
  'ip',
  'nft',
  'bridge',
  'portmap',
  'busybox',
  'conntrack',
])

const image = 'docker.io/library/busybox:latest'
const applets =
  'ash cat chmod cp dd echo env false grep head hostname httpd id ip kill ls mkdir mktemp nc nslookup printenv printf ' +
  'ps rm sed seq sh sleep sort tail tee test timeout touch tr true uname wc wget which'

const imageArchive = () =>
  formatOCIArchive({
    name: image,
    architecture: goArchitecture(process.arch),
    files: [
      { path: 'bin/' },
      { path: 'bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') },
      ...applets.split(' ').map(name => ({ path: `bin/${name}`, linkTo: '/bin/busybox' })),
      { path: 'tmp/', mode: 0o1777 },
    ],
    command: ['sh'],
    environment: ['PATH=/bin'],
  })

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

const onNode = (cluster: TestedCluster, node: string) => (command: string) =>
  execFileSync('nsenter', ['-t', processOf(cluster, node), '-n', 'sh', '-c', command], { stdio: 'pipe' })

interface PacketBreak {
  readonly name: string
  /** Default: node2 alone. */
  readonly nodes?: readonly string[]
  readonly apply: string
  readonly undo: string
  readonly family: IPFamily
  readonly fails?: readonly string[]
  readonly warns?: readonly string[]
  readonly reads: string
}

const table = (family: string, chain: string, rule: string) => ({
  apply: `nft 'table ${family} verifybreaks { chain c { type filter hook ${chain} priority -10; ${rule}; }; }'`,
  undo: `nft delete table ${family} verifybreaks`,
})

/** Before anybody translates addresses. */
const rawTable = (rule: string) => ({
  apply:
    'nft "table inet verifybreaks { ' +
    ['prerouting', 'output']
      .map(hook => `chain ${hook} { type filter hook ${hook} priority -300; ${rule}; };`)
      .join(' ') +
    ' }"',
  undo: 'nft delete table inet verifybreaks',
})

const breaks: readonly PacketBreak[] = [
  {
    name: 'a firewall that drops IPv6 between Pods',
    ...table('ip6', 'forward', 'drop'),
    family: 'IPv6',
    fails: ['POD-09'],
    reads: 'allow it between nodes',
  },
  {
    name: 'a firewall that drops IPv4 between Pods',
    ...table('ip', 'forward', 'drop'),
    family: 'IPv4',
    fails: ['POD-09'],
    reads: 'allow it between nodes',
  },
  {
    name: 'a host that drops IPv6 to its own Pods',
    ...table('ip6', 'output', 'oifname "cni0" tcp flags & (syn|ack) == syn drop'),
    family: 'IPv6',
    fails: ['POD-11'],
    reads: 'IPv6',
  },
  {
    name: 'a path that loses large IPv6 packets',
    ...table('ip6', 'forward', 'meta length gt 1300 drop'),
    family: 'IPv6',
    fails: ['POD-10'],
    reads: 'MTU',
  },
  {
    name: 'a node without an IPv6 default route',
    apply: 'ip -6 route show default > "$TMPDIR/route" && ip -6 route del default',
    undo: 'ip -6 route add $(cut -d " " -f 1-5 "$TMPDIR/route")',
    family: 'IPv6',
    warns: ['NODE-09'],
    reads: 'default',
  },
]

const everywhere = ['node1', 'node2']

/** What leads to Services; ranges are chosen by what is free on the host. */
const serviceBreaks: readonly PacketBreak[] = [
  {
    name: 'a proxy that does nothing for IPv6',
    ...rawTable('ip6 daddr SERVICES th dport { 80, 81 } drop'),
    family: 'IPv6',
    fails: ['SVC-07', 'PRX-01'],
    reads: 'IPv6',
  },
  {
    name: 'a node that drops NodePorts of IPv6',
    ...rawTable('meta nfproto ipv6 tcp dport 30000-32767 drop'),
    family: 'IPv6',
    fails: ['SVC-12'],
    warns: ['SVC-13'],
    reads: 'IPv6',
  },
  {
    name: 'addresses of load balancers that lead nowhere over IPv6',
    nodes: everywhere,
    ...rawTable('ip6 daddr BALANCERS drop'),
    family: 'IPv6',
    fails: ['LB-04', 'LB-05'],
    reads: 'IPv6',
  },
]

const programs = (name: string, listen: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: c, image: "${image}", imagePullPolicy: IfNotPresent, command: [httpd, -f, -p, "${listen}"], ports: [{containerPort: 8080}]}
`
const service = (name: string) => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ipFamilyPolicy: RequireDualStack, selector: {app: ${name}}, ports: [{port: 80, targetPort: 8080}]}
`

const idsOf = (report: Report, outcome: string, family: IPFamily) =>
  report.checks.filter(({ families }) => families[family]?.outcome === outcome).map(({ id }) => id)

describe.skipIf(reason)('Two real nodes, with', { timeout: 240_000 }, () => {
  let cluster: TestedCluster
  let all: readonly string[]

  beforeAll(async () => {
    const home = newHome()
    const archive = join(home, 'busybox.tar')
    writeFileSync(archive, imageArchive())
    const flags = ['--runtime', 'containerd', '--nodes', '2', '--store', 'memory', '--image', archive]
    cluster = await TestedCluster.up(flags, home)
    const { stdout } = await futago(['verify', '--list'], home)
    all = [...stdout.matchAll(/^([A-Z]+-\d+)/gm)].map(([id]) => id)
  })
  afterAll(() => cluster?.remove())

  async function verify(which: RegExp): Promise<Report> {
    const output = join(cluster.home, 'report.json')
    const only = all.filter(id => which.test(id)).join()
    const flags = ['--kubeconfig', cluster.kubeconfig, '--image', image, '--only', only]
    await futago(['verify', ...flags, '--output', `json=${output}`], cluster.home)
    return JSON.parse(readFileSync(output, 'utf8')) as Report
  }

  async function breakOnce(
    { nodes = ['node2'], apply, undo, family, ...broken }: PacketBreak,
    which: RegExp,
  ) {
    const { fails = [], warns = [], reads } = broken
    for (const node of nodes) onNode(cluster, node)(apply)
    try {
      const report = await verify(which)
      const other: IPFamily = family === 'IPv4' ? 'IPv6' : 'IPv4'
      expect([idsOf(report, 'fail', family), idsOf(report, 'fail', other)]).toEqual([fails, []])
      expect([idsOf(report, 'warn', family), idsOf(report, 'warn', other)]).toEqual([warns, []])
      const [first] = [...fails, ...warns]
      const verdict = report.checks.find(({ id }) => id === first)!.families[family]!
      expect('remedy' in verdict ? `${verdict.cause.en} ${verdict.remedy.en}` : '').toContain(reads)
    } finally {
      for (const node of nodes) onNode(cluster, node)(undo)
    }
  }

  /** Checks of nodes and Pods, and of what leads to Services and keeps out; not of what takes its time. */
  const ofPods = /^(PRE|NODE|POD-(?!06)|WRK-0[12])/
  const ofServices = /^(POD-(01|09)|SVC-(0[1-8]|1[0-5]|18|20)|LB|DNS-0[12]|NP|PRX)/

  test.each([ofPods, ofServices])('nothing broken (%s)', async which => {
    const report = await verify(which)
    for (const family of ['IPv4', 'IPv6'] as const) {
      expect(idsOf(report, 'fail', family)).toEqual([])
      expect(idsOf(report, 'warn', family)).toEqual([])
      expect(idsOf(report, 'pass', family)).toEqual(expect.arrayContaining(['POD-01', 'POD-09']))
    }
  })

  test.each(breaks)('$name', broken => breakOnce(broken, ofPods))

  test.each(serviceBreaks)('$name', broken => {
    const ranges = JSON.parse(readFileSync(join(cluster.home, 'default', 'ranges.json'), 'utf8'))
    const apply = broken.apply
      .replaceAll('SERVICES', ranges.serviceClusterIPRange[1])
      .replaceAll('BALANCERS', ranges.loadBalancerIPRange[1])
    return breakOnce({ ...broken, apply }, ofServices)
  })

  test('programs that listen on 0.0.0.0 alone, one of them behind a dual-stack Service', async () => {
    const yaml = [
      programs('whole', '[::]:8080'),
      service('whole'),
      programs('deaf', '0.0.0.0:8080'),
      service('deaf'),
      programs('lone', '0.0.0.0:8080'),
    ].join('---')
    await cluster.print('kubectl apply -f -', '1.34', yaml)
    await cluster.print('kubectl wait --for=condition=Ready pod --all --timeout=60s')
    const report = await verify(ofPods)
    expect(idsOf(report, 'fail', 'IPv6')).toEqual(['WRK-01'])
    expect(idsOf(report, 'warn', 'IPv6')).toEqual(['WRK-02'])
    expect(idsOf(report, 'fail', 'IPv4')).toEqual([])
    const seen = (id: string) => report.checks.find(check => check.id === id)!.families.IPv6
    expect(seen('WRK-01')).toMatchObject({ observed: 'default/deaf port 8080: IPv4 only' })
    expect(seen('WRK-02')).toMatchObject({ observed: 'default/lone port 8080: IPv4 only' })
    await cluster.print('kubectl delete pods,services whole deaf --now')
  })
})
