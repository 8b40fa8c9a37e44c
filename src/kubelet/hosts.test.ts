import { expect, test } from 'vitest'
import { formatHostNetworkHosts, formatHosts, formatNodeHosts } from './hosts.ts'

const v4 = '10.244.1.4'
const v6 = 'fd00:10:244:1::4'

test.each([
  ['IPv4', [v4]],
  ['IPv6', [v6]],
  ['IPv4,IPv6', [v4, v6]],
  ['IPv6,IPv4', [v6, v4]],
])('The hosts file of a Pod has its addresses in the order of its families: %s', (_, podIPs) => {
  expect(formatHosts(podIPs, { hostname: 'pod01' })).toBe(
    `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${podIPs.map(ip => `${ip}\tpod01\n`).join('')}`,
  )
})

test('A subdomain makes the full name come first, and host aliases follow after a blank line', () => {
  const text = formatHosts([v4, v6], { hostname: 'pod01', domain: 'sub.ns.svc.cluster.local' }, [
    { ip: '1.2.3.4', hostnames: ['foo.local', 'bar.local'] },
    { ip: 'fd00::9', hostnames: ['baz'] },
  ])
  expect(text.split('\n').slice(7)).toEqual([
    '10.244.1.4\tpod01.sub.ns.svc.cluster.local\tpod01',
    'fd00:10:244:1::4\tpod01.sub.ns.svc.cluster.local\tpod01',
    '',
    '# Entries added by HostAliases.',
    '1.2.3.4\tfoo.local\tbar.local',
    'fd00::9\tbaz',
    '',
  ])
})

test("A Pod in the node's network gets the node's file under its own heading", () => {
  const node = formatNodeHosts(['fd00::5', '192.0.2.5'], 'node1')
  expect(node.split('\n').slice(-3)).toEqual(['fd00::5\tnode1', '192.0.2.5\tnode1', ''])
  expect(formatHostNetworkHosts(node, [{ ip: '1.2.3.4', hostnames: ['a'] }])).toBe(
    `# Kubernetes-managed hosts file (host network).\n${node}\n# Entries added by HostAliases.\n1.2.3.4\ta\n`,
  )
})
