import { describe, expect, test } from 'vitest'
import { type ClusterOptions, ConfigError, loadConfig } from './config.ts'

const message = (options: Parameters<typeof loadConfig>[0]) => {
  try {
    loadConfig(options)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

describe('loadConfig()', () => {
  test('leaves the Pod network to another plugin only when told', () => {
    expect(loadConfig().cni).toBe('bridge')
    expect(loadConfig({ cni: 'external' }).cni).toBe('external')
    expect(message({ cni: 'flannel' as 'external' })).toBe(
      'Cannot use --cni flannel: expected bridge or external',
    )
  })

  test('is dual-stack, IPv4 first, on one node when nothing is said', () => {
    expect(loadConfig()).toMatchObject({
      name: 'default',
      nodes: 1,
      ipFamilies: ['IPv4', 'IPv6'],
      clusterCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'],
      serviceClusterIPRange: ['10.96.0.0/16', 'fd00:10:96::/112'],
      nodePortRange: { first: 30000, last: 32767 },
      store: 'lmdb',
      securePort: 6443,
    })
  })

  test.each([
    [['IPv4'], ['10.244.0.0/16']],
    [['IPv6'], ['fd00:10:244::/56']],
    [
      ['IPv4', 'IPv6'],
      ['10.244.0.0/16', 'fd00:10:244::/56'],
    ],
    [
      ['IPv6', 'IPv4'],
      ['fd00:10:244::/56', '10.244.0.0/16'],
    ],
  ])('puts the ranges in the order of --ip-families %s', (ipFamilies, clusterCIDR) => {
    const config = loadConfig({ ipFamilies })
    expect(config.ipFamilies).toEqual(ipFamilies)
    expect(config.clusterCIDR).toEqual(clusterCIDR)
  })

  test('takes the families from the ranges that are given', () => {
    const config = loadConfig({ serviceClusterIPRange: ['fd00:1::/108', '10.1.0.0/16'] })
    expect(config.ipFamilies).toEqual(['IPv6', 'IPv4'])
    expect(config.clusterCIDR).toEqual(['fd00:10:244::/56', '10.244.0.0/16'])
  })

  test.each<[ClusterOptions, string]>([
    [
      { ipFamilies: ['IPv5'] },
      'Cannot use --ip-families IPv5: expected IPv4 or IPv6 or IPv4,IPv6 or IPv6,IPv4',
    ],
    [
      { clusterCIDR: ['10.244.0.1/16'] },
      'Cannot use --cluster-cidr 10.244.0.1/16: not the first address of a range, expected 10.244.0.0/16',
    ],
    [
      { ipFamilies: ['IPv6', 'IPv4'], clusterCIDR: ['10.0.0.0/16', 'fd00::/56'] },
      'Cannot use --cluster-cidr 10.0.0.0/16,fd00::/56: its families are IPv4,IPv6, expected IPv6,IPv4 in this order (--ip-families)',
    ],
    [
      { clusterCIDR: ['10.96.0.0/12', 'fd00:10:244::/56'] },
      'Cannot use --cluster-cidr 10.96.0.0/12: it overlaps --service-cluster-ip-range 10.96.0.0/16, expected ranges that share no address',
    ],
    [
      { nodeCIDRMaskSizeIPv6: 48 },
      'Cannot use --node-cidr-mask-size-ipv6 48: expected 56 to 72 for --cluster-cidr fd00:10:244::/56',
    ],
    [
      { ipFamilies: ['IPv6'], defaultIPFamilyPolicy: 'RequireDualStack' },
      'Cannot use --default-ip-family-policy RequireDualStack: the cluster has IPv6 only, expected PreferDualStack, or two families (--ip-families)',
    ],
    [
      { nodes: 1000 },
      'Cannot use --nodes 1000: --cluster-cidr 10.244.0.0/16 has room for 256 nodes with a /24 each, expected a wider range, or a larger --node-cidr-mask-size-ipv4',
    ],
    [{ nodes: -1 }, 'Cannot use --nodes -1: expected a whole number from 0 to 15000'],
    [{ securePort: 70000 }, 'Cannot use --secure-port 70000: expected a whole number from 0 to 65535'],
    [{ name: 'Über' }, 'Cannot use --name Über: expected up to 40 small letters, digits and dashes'],
    [
      { serviceNodePortRange: '5' },
      'Cannot use --service-node-port-range 5: expected FIRST-LAST, such as 30000-32767',
    ],
  ])('refuses %j and says what to write', (options, expected) => {
    expect(message(options)).toBe(expected)
  })
})
