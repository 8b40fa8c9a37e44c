// `futago verify` on real nodes, broken one way at a time with nft, ip and sysctl, where packets go: the check
// that should say so does, for the family that is broken, and no other check does.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IPFamily } from '../src/ip/family.ts'
import type { Report } from '../src/verify/report.ts'
import { clusterNeeds, upWithContainers } from './containercluster.ts'
import { busyboxImage } from './containerd.ts'
import { futago, type TestedCluster } from './futago.ts'
import { root } from './kubectl.ts'
import { whyNot } from './needs.ts'

const reason = whyNot([...clusterNeeds, 'tuning'])

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

/** Of Pods, the node's own address in their IPv6 range. */
const gatewayOf = (cluster: TestedCluster, node: string) =>
  onNode(
    cluster,
    node,
  )('ip -6 -o address show cni0 scope global')
    .toString()
    .match(/inet6 ([^/]+)/)![1]!

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
  /** Which checks run; default: all of the table's subject. */
  readonly among?: RegExp
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
  {
    name: 'a Pod network whose MTU is 1279, where the kernel takes IPv6 off',
    apply: `sed -i.whole 's/"type": "portmap"/"type": "tuning", "mtu": 1279 }, { "type": "portmap"/' "$CONFLIST"`,
    undo: 'mv "$CONFLIST.whole" "$CONFLIST"',
    family: 'IPv6',
    fails: ['POD-07', 'POD-09', 'POD-11'],
    reads: 'mtu setting',
  },
]

const everywhere = ['node1', 'node2']

/** Answers to questions about AAAA records below cluster.local, wherever the name ends in them. */
const answersAboutAAAA = Array.from(
  { length: 80 },
  (_, index) => `udp sport 53 @th,${160 + 8 * index},88 0x056c6f63616c00001c0001 drop`,
)

/** Makes the policy engine let a family pass, with as many rules as before: it does not mend what it counts. */
function deafPolicies(family: IPFamily) {
  const header = { IPv4: 'ip', IPv6: 'ip6' }[family]
  const protocol = { IPv4: 'ipv4', IPv6: 'ipv6' }[family]
  const replace = (chain: string, from: string, to: string) =>
    `nft replace rule inet futago-policy ${chain} handle ` +
    `$(nft -a list chain inet futago-policy ${chain} | sed -n 's/.*${from}.*# handle //p') ${to}`
  const ends = { egress: 'saddr', ingress: 'daddr' }
  const each = (command: (chain: string, end: string) => string) =>
    Object.entries(ends)
      .map(([chain, end]) => command(chain, end))
      .join(' && ')
  const pass = `meta nfproto ${protocol} accept`
  return {
    apply: each((chain, end) => replace(chain, `${header} ${end} vmap`, pass)),
    undo: each((chain, end) => replace(chain, pass, `${header} ${end} vmap @${chain}-pods-${family}`)),
  }
}

/** What leads to Services; ranges are chosen by what is free on the host. */
const serviceBreaks: readonly PacketBreak[] = [
  {
    name: 'a proxy that does nothing for IPv6',
    ...rawTable('ip6 daddr SERVICES th dport { 80, 81 } drop'),
    family: 'IPv6',
    fails: ['SVC-07', 'PRX-01'],
    reads: 'IPv6',
    // Without SVC-08 and SVC-18, which build on SVC-07 and wait as long as it does.
    among: /^(POD-(01|09)|SVC-(0[1-7]|1[0-5]|20)|LB|DNS-0[12]|NP|PRX)/,
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
  {
    name: 'balancers that hide who asks over IPv6',
    nodes: everywhere,
    apply:
      "nft 'table inet verifybreaks { chain c { type nat hook postrouting priority 90; " +
      "ct original ip6 daddr BALANCERS snat ip6 to GATEWAY; }; }'",
    undo: 'nft delete table inet verifybreaks',
    family: 'IPv6',
    fails: ['LB-06'],
    reads: 'masquerading',
    among: /^(PRE|POD-(01|09)|SVC-0[1-8]|LB)/,
  },
  {
    name: 'a DNS whose answers about AAAA are lost',
    nodes: everywhere,
    ...table('inet', 'forward', answersAboutAAAA.join('; ')),
    family: 'IPv6',
    fails: ['DNS-01'],
    reads: 'remove what touches AAAA',
    among: /^(PRE|POD-(01|09)|SVC-0[1-8]|DNS-0[12])/,
  },
  ...(['IPv6', 'IPv4'] as const).map(family => ({
    name: `a policy engine that lets everything of ${family} pass`,
    nodes: everywhere,
    ...deafPolicies(family),
    family,
    fails: ['NP-01', 'NP-02'],
    reads: `Enable ${family} in the network plugin's policy engine`,
    among: /^(PRE|POD-(01|09)|NP)/,
  })),
]

const programs = (name: string, listen: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: c, image: "${busyboxImage}", imagePullPolicy: IfNotPresent, command: [httpd, -f, -p, "${listen}"], ports: [{containerPort: 8080}]}
`
const service = (name: string) => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ipFamilyPolicy: RequireDualStack, selector: {app: ${name}}, ports: [{port: 80, targetPort: 8080}]}
`

/** Of a class that nobody here serves. */
const balancer = (name: string, families: string) => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  type: LoadBalancer
  loadBalancerClass: example.com/elsewhere
  ipFamilyPolicy: ${families.includes(',') ? 'RequireDualStack' : 'SingleStack'}
  ipFamilies: [${families}]
  ports: [{port: 80}]
`

const idsOf = (report: Report, outcome: string, family: IPFamily) =>
  report.checks.filter(({ families }) => families[family]?.outcome === outcome).map(({ id }) => id)

describe.skipIf(reason)('Two real nodes, with', { timeout: 240_000 }, () => {
  let cluster: TestedCluster
  let all: readonly string[]

  beforeAll(async () => {
    cluster = await upWithContainers(['--store', 'memory'])
    const { stdout } = await futago(['verify', '--list'], cluster.home)
    all = [...stdout.matchAll(/^([A-Z]+-\d+)/gm)].map(([id]) => id)
  })
  afterAll(() => cluster?.remove())

  async function verify(which: RegExp): Promise<Report> {
    const output = join(cluster.home, 'report.json')
    const only = all.filter(id => which.test(id)).join()
    const flags = ['--kubeconfig', cluster.kubeconfig, '--image', busyboxImage, '--egress-target', 'none']
    await futago(['verify', ...flags, '--only', only, '--output', `json=${output}`], cluster.home)
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
  const conflist = () => join(cluster.home, 'default', 'nodes', 'node2', 'cni', '10-futago.conflist')

  test.each([
    [ofPods, ['POD-01', 'POD-07', 'POD-09', 'POD-10', 'POD-11']],
    [ofServices, ['SVC-07', 'LB-04', 'LB-05', 'LB-06', 'DNS-01', 'NP-01', 'NP-02', 'PRX-01']],
  ])('nothing broken (%s)', async (which, passes) => {
    const report = await verify(which)
    for (const family of ['IPv4', 'IPv6'] as const) {
      expect(idsOf(report, 'fail', family)).toEqual([])
      expect(idsOf(report, 'warn', family)).toEqual([])
      expect(idsOf(report, 'pass', family)).toEqual(expect.arrayContaining(passes))
    }
  })

  test.each(breaks)('$name', broken => {
    const inFile = (command: string) => command.replaceAll('$CONFLIST', conflist())
    return breakOnce({ ...broken, apply: inFile(broken.apply), undo: inFile(broken.undo) }, ofPods)
  })

  test.each(serviceBreaks)('$name', broken => {
    const ranges = JSON.parse(readFileSync(join(cluster.home, 'default', 'ranges.json'), 'utf8'))
    const apply = broken.apply
      .replaceAll('SERVICES', ranges.serviceClusterIPRange[1])
      .replaceAll('BALANCERS', ranges.loadBalancerIPRange[1])
      .replaceAll('GATEWAY', gatewayOf(cluster, 'node1'))
    return breakOnce({ ...broken, apply }, broken.among ?? ofServices)
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

  test('balancers known by a name, one of which has no AAAA record', async () => {
    const yaml = [
      balancer('whole', 'IPv4, IPv6'),
      balancer('lame', 'IPv4, IPv6'),
      balancer('target-both', 'IPv4, IPv6'),
      balancer('target-four', 'IPv4'),
    ].join('---')
    await cluster.print('kubectl apply -f -', '1.34', yaml)
    const lead = async (name: string, target: string) => {
      const ingress = [{ hostname: `${target}.default.svc.cluster.local` }]
      const patch = JSON.stringify({ status: { loadBalancer: { ingress } } })
      await cluster.print(`kubectl patch service ${name} --subresource=status --type merge -p '${patch}'`)
    }
    await lead('whole', 'target-both')
    await lead('lame', 'target-four')
    const server = await cluster.print(
      "kubectl -n kube-system get endpointslice kube-dns-ipv4 -o jsonpath='{.endpoints[0].addresses[0]}'",
    )
    // The cluster's own DNS is the one that the machine asks, for this command alone.
    const [configuration, output] = ['resolv.conf', 'names.json'].map(name => join(cluster.home, name))
    writeFileSync(configuration!, `nameserver ${server}\n`)
    const verifying =
      `${process.execPath} ${join(root, 'dist/cli.js')} verify --only LB-07 --egress-target none ` +
      `--kubeconfig ${cluster.kubeconfig} --output json=${output}`
    await cluster.shell(
      `unshare -m sh -c 'mount --bind ${configuration} /etc/resolv.conf && exec ${verifying}'`,
    )
    const report = JSON.parse(readFileSync(output!, 'utf8')) as Report
    const { IPv4, IPv6 } = report.checks.find(({ id }) => id === 'LB-07')!.families
    expect(IPv4).toMatchObject({ outcome: 'pass' })
    expect(IPv6).toMatchObject({
      outcome: 'fail',
      observed: 'default/lame target-four.default.svc.cluster.local: AAAA none',
      remedy: { en: expect.stringContaining("provider's dual-stack mode") },
    })
    await cluster.print('kubectl delete services whole lame target-both target-four')
  })
})
