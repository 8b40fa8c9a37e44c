// The Pod network of a node: what is decided, as values, and the component over a real API server with
// programs that are played.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { nodes } from '../../api/resources/core/node.ts'
import { admin, openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { Informers } from '../../client/informers.ts'
import { FakeExec, type FakeProgram } from '../../host/exec.fake.ts'
import { familyOrders, type IPFamilies, type IPFamily } from '../../ip/family.ts'
import { FakeNft } from '../nftables/nft.fake.ts'
import { enableForwarding, findUplink, linkAddressFor, planBridge } from './bridge.ts'
import { planConflist } from './conflist.ts'
import { planEgress } from './egress.ts'
import { PodNetwork } from './podnetwork.ts'

const ranges: Record<IPFamily, string> = { IPv4: '10.244.1.0/24', IPv6: 'fd00:10:244:1::/64' }
const present = (families: readonly (IPFamily | undefined)[]): IPFamilies =>
  families.filter(family => family !== undefined)

test.each(familyOrders)('the configuration has a range for each family, in order: %s %s', (...list) => {
  const families = present(list)
  const podCIDRs = families.map(family => ranges[family])
  expect(planConflist({ podCIDRs, bridge: 'cni0', mtu: 1500, dataDir: '/run/n' })).toEqual({
    cniVersion: '1.0.0',
    name: 'futago',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        mtu: 1500,
        isGateway: true,
        hairpinMode: true,
        promiscMode: false,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/run/n',
          ranges: families.map(family => [{ subnet: ranges[family] }]),
          routes: families.map(family => ({ dst: { IPv4: '0.0.0.0/0', IPv6: '::/0' }[family] })),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  })
})

const bridge = { name: 'cni0', mtu: 1500, podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'] }

test('a new bridge gets addresses that work at once', () => {
  expect(planBridge(undefined, bridge)).toEqual([
    'link set cni0 mtu 1500',
    'link set cni0 up',
    'address replace 10.244.1.1/24 dev cni0 nodad',
    'address replace fd00:10:244:1::1/64 dev cni0 nodad',
  ])
})

test('a bridge as it must be is left alone', () => {
  const addresses = ['10.244.1.1/24', 'fd00:10:244:1::1/64', 'fe80::1/64']
  expect(planBridge({ name: 'cni0', mtu: 1500, isUp: true, kind: 'bridge', addresses }, bridge)).toEqual([])
})

test('a bridge of other ranges gets the right ones', () => {
  const link = { name: 'cni0', mtu: 1450, isUp: true, addresses: ['10.244.9.1/24', '10.244.1.1/24'] }
  expect(planBridge(link, bridge)).toEqual([
    'link set cni0 mtu 1500',
    'address delete 10.244.9.1/24 dev cni0',
    'address replace fd00:10:244:1::1/64 dev cni0 nodad',
  ])
})

test('Pods keep their address towards Pods, Services and nodes, and take the node’s towards the rest', () => {
  const transaction = planEgress({
    podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
    insideRanges: ['10.244.0.0/16', 'fd00:10:244::/56', '10.96.0.0/16', 'fd00:10:96::/112', '10.96.1.0/24'],
  })
  expect(transaction.toString()).toBe(`add table inet futago-egress
delete table inet futago-egress
add table inet futago-egress
add set inet futago-egress pods-IPv4 { type ipv4_addr; flags interval; }
add element inet futago-egress pods-IPv4 { 10.244.1.0/24 }
add set inet futago-egress inside-IPv4 { type ipv4_addr; flags interval; }
add element inet futago-egress inside-IPv4 { 10.244.0.0/16, 10.96.0.0/16 }
add set inet futago-egress pods-IPv6 { type ipv6_addr; flags interval; }
add element inet futago-egress pods-IPv6 { fd00:10:244:1::/64 }
add set inet futago-egress inside-IPv6 { type ipv6_addr; flags interval; }
add element inet futago-egress inside-IPv6 { fd00:10:244::/56, fd00:10:96::/112 }
add chain inet futago-egress postrouting { type nat hook postrouting priority 101; policy accept; }
add rule inet futago-egress postrouting ip saddr @pods-IPv4 ip daddr != @inside-IPv4 masquerade fully-random
add rule inet futago-egress postrouting ip6 saddr @pods-IPv6 ip6 daddr != @inside-IPv6 masquerade fully-random
`)
})

test('a family without Pods has no rules', () => {
  const text = planEgress({ podCIDRs: ['fd00:10:244:1::/64'], insideRanges: ['10.96.0.0/16'] }).toString()
  expect(text).not.toContain('IPv4')
})

const links = JSON.stringify([
  { ifname: 'lo', mtu: 65536, flags: ['UP'], addr_info: [] },
  {
    ifname: 'eth0',
    mtu: 1450,
    flags: ['UP'],
    addr_info: [
      { local: '172.30.0.1', prefixlen: 16 },
      { local: 'fd00:30::1', prefixlen: 64 },
    ],
  },
  { ifname: 'eth1', mtu: 9000, flags: ['UP'], addr_info: [{ local: '192.0.2.7', prefixlen: 24 }] },
])
const ip: FakeProgram = args => {
  if (args.includes('address')) return links
  if (args.includes('-4')) return JSON.stringify([{ dst: 'default', gateway: '192.0.2.1', dev: 'eth1' }])
  return args.includes('-json') ? '[]' : ''
}

/** The kernel's settings, read and written. */
const sysctl =
  (settings: Record<string, string>): FakeProgram =>
  args => {
    const words = args.filter(word => !word.startsWith('-'))
    for (const word of words) {
      const [key = '', value] = word.split('=')
      if (value !== undefined) settings[key] = value
    }
    const known = words.filter(word => settings[word] !== undefined)
    return known.map(key => `${key} = ${settings[key]}\n`).join('')
  }

test.each([
  [['fd00:30::1'], { name: 'eth0', mtu: 1450 }],
  [['172.30.0.1'], { name: 'eth0', mtu: 1450 }],
  [['203.0.113.9'], { name: 'eth1', mtu: 9000 }],
])('the way out of a node with address %s is found', async (addresses, uplink) => {
  expect(await findUplink(new FakeExec({ ip }), addresses)).toEqual(uplink)
})

const settingsOff = () => ({
  'net.ipv4.ip_forward': '0',
  'net.ipv6.conf.all.forwarding': '0',
  'net.ipv6.conf.default.forwarding': '0',
  'net.ipv6.conf.eth0.accept_ra': '1',
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
})

test('forwarding is switched on, and the default route that routers advertise is kept', async () => {
  const settings = settingsOff()
  await enableForwarding(new FakeExec({ sysctl: sysctl(settings) }), 'eth0')
  expect(settings).toEqual({
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    'net.ipv6.conf.default.forwarding': '1',
    'net.ipv6.conf.eth0.accept_ra': '2',
    'net.bridge.bridge-nf-call-iptables': '1',
    'net.bridge.bridge-nf-call-ip6tables': '1',
  })
})

test('a kernel without br_netfilter is told of', async () => {
  const exec = new FakeExec({ modprobe: () => ({ exitCode: 1, stderr: 'not found' }) })
  await expect(enableForwarding(exec, undefined)).rejects.toThrow(
    'Cannot connect Pods: the kernel lacks br_netfilter, expected: modprobe br_netfilter',
  )
})

let clean: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const one of clean.reverse()) await one()
  clean = []
})

test('the network is ready as soon as the node has its ranges, and can be removed', async () => {
  const { server, clock } = await openTestServer()
  const client = new Client(server.transport(admin))
  const informers = new Informers({ client, clock })
  const directory = await mkdtemp(join(tmpdir(), 'podnetwork-'))
  clean.push(
    () => rm(directory, { recursive: true }),
    () => server.close(),
    () => informers.stop(),
  )
  const exec = new FakeExec({ ip, sysctl: sysctl(settingsOff()) })
  const nft = new FakeNft()
  const network = new PodNetwork({
    informers,
    clock,
    exec,
    nft,
    nodeName: 'node1',
    confDir: join(directory, 'net.d'),
    dataDir: join(directory, 'data'),
    insideRanges: ['10.244.0.0/16', 'fd00:10:244::/56'],
  })
  const created = await client.create(nodes, { metadata: { name: 'node1' } })
  const addresses = [{ type: 'InternalIP', address: '172.30.0.1' }]
  await client.updateStatus(nodes, { ...created, status: { addresses } })
  await network.start()
  clean.push(() => network.stop())
  expect(nft.ran).toEqual([])
  const written = new Promise<void>(resolve => {
    const run = exec.run.bind(exec)
    exec.run = async (...call) => {
      const result = await run(...call)
      if (call[2]?.input?.toString().includes('fd00:10:244:1::1/64')) resolve()
      return result
    }
  })
  await client.patch(nodes, { name: 'node1' }, { spec: { podCIDRs: bridge.podCIDRs } })
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
  await clock.advance(20)
  await written
  await network.stop()
  const conflist = JSON.parse(await readFile(join(directory, 'net.d/10-futago.conflist'), 'utf8'))
  expect(conflist.plugins[0]).toMatchObject({
    bridge: 'cni0',
    mtu: 1450,
    ipam: { ranges: [[{ subnet: '10.244.1.0/24' }], [{ subnet: 'fd00:10:244:1::/64' }]] },
  })
  expect([...nft.tables.keys()]).toEqual(['inet futago-egress'])
  await network.cleanup()
  expect(await readdir(join(directory, 'net.d'))).toEqual([])
  expect([...nft.tables.keys()]).toEqual([])
  expect(exec.commands.at(-1)).toBe('ip link delete cni0')
})

test('The bridge has a link address of its own, unicast, local, and the same after a restart', () => {
  const address = linkAddressFor(['10.244.1.0/24', 'fd00:10:244:1::/64'])
  expect(address).toMatch(/^02(:[0-9a-f]{2}){5}$/)
  expect(linkAddressFor(['10.244.1.0/24', 'fd00:10:244:1::/64'])).toBe(address)
  expect(linkAddressFor(['10.244.2.0/24', 'fd00:10:244:2::/64'])).not.toBe(address)
})
