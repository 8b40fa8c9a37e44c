// What `futago verify` says of nodes and Pods whose packets are lost: the check that should say so does, for the
// family that is broken, and no other check does.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { busyboxImage } from './containerd.ts'
import { whyNot } from './needs.ts'
import { BreakableCluster, breakNeeds, idsOf, type PacketBreak, table } from './packetbreaks.ts'

const reason = whyNot(breakNeeds)

/** Checks of nodes and Pods; not those that take their time. */
const ofPods = /^(PRE|NODE|POD-(?!06)|WRK-0[12])/

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

describe.skipIf(reason)('Two real nodes, with', { timeout: 240_000 }, () => {
  let breakable: BreakableCluster

  beforeAll(async () => {
    breakable = await BreakableCluster.up()
  })
  afterAll(() => breakable?.cluster.remove())

  test('nothing broken', () =>
    breakable.expectWhole(ofPods, ['POD-01', 'POD-07', 'POD-09', 'POD-10', 'POD-11']))

  test.each(breaks)('$name', broken => {
    const conflist = join(breakable.cluster.home, 'default', 'nodes', 'node2', 'cni', '10-futago.conflist')
    const inFile = (command: string) => command.replaceAll('$CONFLIST', conflist)
    return breakable.breakOnce({ ...broken, apply: inFile(broken.apply), undo: inFile(broken.undo) }, ofPods)
  })

  test('programs that listen on 0.0.0.0 alone, one of them behind a dual-stack Service', async () => {
    const { cluster } = breakable
    const yaml = [
      programs('whole', '[::]:8080'),
      service('whole'),
      programs('deaf', '0.0.0.0:8080'),
      service('deaf'),
      programs('lone', '0.0.0.0:8080'),
    ].join('---')
    await cluster.print('kubectl apply -f -', '1.34', yaml)
    await cluster.print('kubectl wait --for=condition=Ready pod --all --timeout=120s')
    const report = await breakable.verify(ofPods)
    expect(idsOf(report, 'fail', 'IPv6')).toEqual(['WRK-01'])
    expect(idsOf(report, 'warn', 'IPv6')).toEqual(['WRK-02'])
    expect(idsOf(report, 'fail', 'IPv4')).toEqual([])
    const seen = (id: string) => report.checks.find(check => check.id === id)!.families.IPv6
    expect(seen('WRK-01')).toMatchObject({ observed: 'default/deaf port 8080: IPv4 only' })
    expect(seen('WRK-02')).toMatchObject({ observed: 'default/lone port 8080: IPv4 only' })
    await cluster.print('kubectl delete pods,services whole deaf --now')
  })
})
