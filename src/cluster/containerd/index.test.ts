import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { ConfigError } from '../config.ts'
import { StateDirectory } from '../statedirectory.ts'
import { hasResourceCapability } from './containerdprocess.ts'
import { planGatewayRoutes } from './gatewayroutes.ts'
import { claimHost } from './index.ts'
import { type NodeConfig, readNodeConfig, writeNodeConfig } from './nodeconfig.ts'
import { planNodeCommand, planUplink } from './nodemachine.ts'

const newFolder = () => mkdtempSync(join(tmpdir(), 'futago-containerd-'))

const nodeConfig = (addresses: string[], nodeIPRange: string[]): NodeConfig => ({
  name: 'node1',
  addresses,
  directory: '/state/nodes/node1',
  runDirectory: '/run/futago/0d1a7e/node1',
  cgroup: '/futago/0d1a7e/node1',
  kubeconfig: '/state/nodes/node1/kubeconfig',
  clientCA: 'ca',
  servingCertificate: { certificate: 'certificate', key: 'key' },
  clusterDNS: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  nameservers: ['172.20.0.1'],
  podNetwork: 'bridge',
  gateways: [],
  uplink: 'eth0',
  clusterCIDR: ['10.244.0.0/16'],
  serviceClusterIPRange: ['10.96.0.0/16'],
  loadBalancerIPRange: ['172.21.0.0/16'],
  nodeIPRange,
  pluginDirectory: '/usr/lib/cni',
  labels: {},
  logLevel: 'warn',
})

test.each([
  [['172.20.0.4'], ['172.20.0.0/16'], ['172.20.0.1']],
  [['fd00:172:20::4'], ['fd00:172:20::/64'], ['fd00:172:20::1']],
  [
    ['fd00:172:20::4', '172.20.0.4'],
    ['fd00:172:20::/64', '172.20.0.0/16'],
    ['fd00:172:20::1', '172.20.0.1'],
  ],
])('a node has its addresses %s and a way out for each family', (addresses, ranges, gateways) => {
  expect(planUplink(nodeConfig(addresses, ranges), gateways)).toEqual([
    'link set lo up',
    ...addresses.map((address, i) => `address replace ${address}/${ranges[i]!.split('/')[1]} dev eth0 nodad`),
    'link set eth0 up',
    ...gateways.map(gateway => `route replace default via ${gateway} dev eth0`),
  ])
})

test('the process of a node is the command line again, with little room for young objects', () => {
  expect(planNodeCommand(['/usr/bin/node', '/opt/futago/cli.js'], '/state/node.json')).toEqual([
    '/usr/bin/node',
    '--max-semi-space-size=2',
    '/opt/futago/cli.js',
    'node',
    'run',
    '--config',
    '/state/node.json',
  ])
})

test('what a node is told is kept for its owner only', () => {
  const path = join(newFolder(), 'node.json')
  const config = nodeConfig(['172.20.0.4'], ['172.20.0.0/16'])
  writeNodeConfig(path, config)
  expect(readNodeConfig(path)).toEqual(config)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).toContain('"key": "key"')
})

test('the capability to lower a score is read from the status of a process', () => {
  expect(hasResourceCapability('Name:\tnode\nCapEff:\t000001ffffffffff\n')).toBe(true)
  expect(hasResourceCapability('Name:\tnode\nCapEff:\t000001fffeffffff\n')).toBe(false)
  expect(hasResourceCapability('')).toBe(false)
})

test('nothing of the host is claimed for simulated nodes, or with settings that cannot be', async () => {
  const notices: string[] = []
  const claim = (options: Parameters<typeof claimHost>[0]['options']) =>
    claimHost({
      options,
      directory: new StateDirectory(newFolder(), 'test'),
      clock: systemClock,
      log: silentLogger,
      notify: text => notices.push(text),
    })
  expect(await claim({ runtime: 'simulated' })).toBeUndefined()
  await expect(claim({ runtime: 'containerd', nodes: -1 })).rejects.toThrow(ConfigError)
  expect(notices).toEqual([])
})

test('a node that has joined reaches the cluster by way of its machine', () => {
  const config = {
    gateways: ['2001:db8::1', '192.0.2.1'],
    clusterCIDR: ['fd00:10:244::/56', '10.244.0.0/16'],
    nodeIPRange: ['fd00:172:20::/64', '172.20.0.0/16'],
  }
  expect(planGatewayRoutes(config)).toEqual([
    { destination: 'fd00:172:20::/64', via: '2001:db8::1', protocol: '102' },
    { destination: 'fd00:10:244::/56', via: '2001:db8::1', protocol: '102' },
    { destination: '172.20.0.0/16', via: '192.0.2.1', protocol: '102' },
    { destination: '10.244.0.0/16', via: '192.0.2.1', protocol: '102' },
  ])
})
