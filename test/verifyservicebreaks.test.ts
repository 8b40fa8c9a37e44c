// What `futago verify` says when what leads to Services, balancers and names is broken: the check that should
// say so does, for the family that is broken, and no other check does.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '../src/verify/report.ts'
import { root } from './kubectl.ts'
import { whyNot } from './needs.ts'
import { BreakableCluster, breakNeeds, everyNode, type PacketBreak, table } from './packetbreaks.ts'

const reason = whyNot(breakNeeds)

/** Checks of what leads to Services, and of policies; not those that take their time. */
const ofServices = /^(POD-(01|09)|SVC-(0[1-8]|1[0-5]|18|20)|LB|DNS-0[12]|NP|PRX)/

/**
 * Prints the node's own address in the IPv6 range of its Pods. With that of another node answers would not find
 * their way back, whenever the proxy draws a Pod over there.
 */
const gateway = "ip -6 -o address show cni0 scope global | sed 's/.*inet6 \\([^/]*\\).*/\\1/'"

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

/** Answers to questions about AAAA records below cluster.local, wherever the name ends in them. */
const answersAboutAAAA = Array.from(
  { length: 80 },
  (_, index) => `udp sport 53 @th,${160 + 8 * index},88 0x056c6f63616c00001c0001 drop`,
)

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
    nodes: everyNode,
    ...rawTable('ip6 daddr BALANCERS drop'),
    family: 'IPv6',
    fails: ['LB-04', 'LB-05'],
    reads: 'IPv6',
  },
  {
    name: 'balancers that hide who asks over IPv6',
    nodes: everyNode,
    apply:
      'nft "table inet verifybreaks { chain c { type nat hook postrouting priority 90; ' +
      `ct original ip6 daddr BALANCERS snat ip6 to $(${gateway}); }; }"`,
    undo: 'nft delete table inet verifybreaks',
    family: 'IPv6',
    fails: ['LB-06'],
    reads: 'masquerading',
    among: /^(PRE|POD-(01|09)|SVC-0[1-8]|LB)/,
  },
  {
    name: 'a DNS whose answers about AAAA are lost',
    nodes: everyNode,
    ...table('inet', 'forward', answersAboutAAAA.join('; ')),
    family: 'IPv6',
    fails: ['DNS-01'],
    reads: 'remove what touches AAAA',
    among: /^(PRE|POD-(01|09)|SVC-0[1-8]|DNS-0[12])/,
  },
]

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

describe.skipIf(reason)('Two real nodes, with', { timeout: 240_000 }, () => {
  let breakable: BreakableCluster

  beforeAll(async () => {
    breakable = await BreakableCluster.up()
  })
  afterAll(() => breakable?.cluster.remove())

  test('nothing broken', () =>
    breakable.expectWhole(ofServices, [
      'SVC-07',
      'LB-04',
      'LB-05',
      'LB-06',
      'DNS-01',
      'NP-01',
      'NP-02',
      'PRX-01',
    ]))

  test.each(serviceBreaks)('$name', broken => {
    const { cluster } = breakable
    const ranges = JSON.parse(readFileSync(join(cluster.home, 'default', 'ranges.json'), 'utf8'))
    const apply = broken.apply
      .replaceAll('SERVICES', ranges.serviceClusterIPRange[1])
      .replaceAll('BALANCERS', ranges.loadBalancerIPRange[1])
    return breakable.breakOnce({ ...broken, apply }, broken.among ?? ofServices)
  })

  test('balancers known by a name, one of which has no AAAA record', async () => {
    const { cluster } = breakable
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
