import { expect, test } from 'vitest'
import { FakeExec } from '../../host/exec.fake.ts'
import { loadConfig } from '../config.ts'
import { hostNames } from './hostnames.ts'
import {
  formatMasquerade,
  hardwareAddressOf,
  hostAddressesOf,
  outsideMTU,
  planCable,
  planHostSide,
  planPort,
  Underlay,
} from './underlay.ts'

const names = hostNames('/home/me/.futago/default')

test.each([
  [['IPv4'], ['172.20.0.1']],
  [['IPv6'], ['fd00:172:20::1']],
  [
    ['IPv4', 'IPv6'],
    ['172.20.0.1', 'fd00:172:20::1'],
  ],
  [
    ['IPv6', 'IPv4'],
    ['fd00:172:20::1', '172.20.0.1'],
  ],
])('the host has the first address of each range with %s', (ipFamilies, addresses) => {
  expect(hostAddressesOf(loadConfig({ ipFamilies }))).toEqual(addresses)
})

test('the host gets one link, with its addresses and the way to load balancers', () => {
  expect(planCable(names, 1400)).toEqual([
    'link add name futago-0d1a7e mtu 1400 type veth peer name host0 mtu 1400 netns /run/futago/0d1a7e/underlay',
  ])
  expect(planHostSide(loadConfig({ ipFamilies: ['IPv6', 'IPv4'] }), names)).toEqual([
    'address replace fd00:172:20::1/64 dev futago-0d1a7e nodad',
    'address replace 172.20.0.1/16 dev futago-0d1a7e nodad',
    'link set futago-0d1a7e up',
    'route replace fd00:172:21::/112 dev futago-0d1a7e',
    'route replace 172.21.0.0/16 dev futago-0d1a7e',
  ])
})

test('what nodes and Pods say to the outside is masqueraded, in a table that replaces an older one', () => {
  const text = formatMasquerade(loadConfig(), names).replaceAll(' daddr', '\n     daddr')
  expect(text).toBe(`table inet futago-0d1a7e
delete table inet futago-0d1a7e
table inet futago-0d1a7e {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr { 172.20.0.0/16, 10.244.0.0/16 } ip
     daddr != 10.244.0.0/16 oifname != "futago-0d1a7e" masquerade
    ip6 saddr { fd00:172:20::/64, fd00:10:244::/56 } ip6
     daddr != fd00:10:244::/56 oifname != "futago-0d1a7e" masquerade
  }
}
`)
})

test('removing what was never made is no error', async () => {
  const exec = new FakeExec({
    nft: () => ({ exitCode: 1, stderr: 'Error: No such file or directory' }),
    ip: () => ({ exitCode: 1, stderr: 'Cannot find device "futago-0d1a7e"' }),
  })
  await new Underlay(exec, names).remove()
  expect(exec.commands).toEqual(['nft delete table inet futago-0d1a7e', 'ip link delete futago-0d1a7e'])
})

test('a node is plugged in anew, should an old cable still be there', async () => {
  const exec = new FakeExec()
  await new Underlay(exec, names).connect('node1', { pid: 4711, address: '172.20.0.4' })
  expect(exec.commands).toEqual([
    'nsenter --net=/run/futago/0d1a7e/underlay -- ip link delete node1',
    'nsenter --net=/run/futago/0d1a7e/underlay -- ip -batch -',
  ])
})

test('a node that starts anew keeps its hardware address, and no two nodes have the same', () => {
  const plan = (pid: number, address: string) => planPort('node1', { pid, address, mtu: 1500 })
  expect(plan(4711, 'fd00:172:20::4')).toEqual([
    `link add name node1 mtu 1500 type veth peer name eth0 address ${hardwareAddressOf('fd00:172:20::4')} mtu 1500 netns 4711`,
    'link set node1 master br0 up',
  ])
  const addresses = Array.from({ length: 250 }, (_, index) => hardwareAddressOf(`172.20.0.${index}`))
  expect(new Set(addresses).size).toBe(250)
  // Locally administered, of one receiver.
  for (const address of addresses) expect(address).toMatch(/^02(:[0-9a-f]{2}){5}$/)
})

test('packets are no larger than those that leave the host', async () => {
  const fakeHost = (defaults: string, mtu: number) =>
    new FakeExec({
      ip: args => (args.includes('route') ? (args.includes('-4') ? defaults : '[]') : links(mtu)),
    })
  const links = (mtu: number) =>
    JSON.stringify([
      { ifname: 'eth0', mtu, flags: ['UP'] },
      { ifname: 'small0', mtu: 1280, flags: ['UP'] },
    ])
  const way = '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0"}]'
  expect(await outsideMTU(fakeHost(way, 1400))).toBe(1400)
  expect(await outsideMTU(fakeHost(way, 9000))).toBe(1500)
  expect(await outsideMTU(fakeHost('[]', 1400))).toBe(1500)
})
