import { describe, expect, test } from 'vitest'
import { familyOrders } from '../../ip/family.ts'
import { findFreeRanges, rangesOf } from './freeranges.ts'

const other = (...ranges: string[]) => ranges.map(range => ({ range, by: 'cluster other', isClusters: true }))

describe('the ranges of a cluster', () => {
  test('are the defaults when nothing else is there', () => {
    const { config, notices } = findFreeRanges({}, { taken: [] })
    expect(rangesOf(config)).toEqual({
      clusterCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'],
      serviceClusterIPRange: ['10.96.0.0/16', 'fd00:10:96::/112'],
      loadBalancerIPRange: ['172.21.0.0/16', 'fd00:172:21::/112'],
      nodeIPRange: ['172.20.0.0/16', 'fd00:172:20::/64'],
    })
    expect(notices).toEqual([])
  })

  test('move on, each family for itself, and say why', () => {
    const { config, notices } = findFreeRanges(
      {},
      {
        taken: [
          { range: '10.244.7.0/24', by: 'a route of this host' },
          { range: '10.245.0.1', by: 'an address of this host' },
          ...other('fd00:172:20::/64'),
        ],
      },
    )
    expect(config.clusterCIDR).toEqual(['10.246.0.0/16', 'fd00:10:244::/56'])
    expect(config.nodeIPRange).toEqual(['172.20.0.0/16', 'fd00:172:20:1::/64'])
    expect(notices).toEqual([
      '--cluster-cidr is 10.246.0.0/16: 10.244.0.0/16 is taken by a route of this host',
      '--node-ip-range is fd00:172:20:1::/64: fd00:172:20::/64 is taken by cluster other',
    ])
  })

  test.each(familyOrders.map(order => [order]))(
    'of a second cluster with %s share nothing with the first',
    ipFamilies => {
      const first = findFreeRanges({ ipFamilies }, { taken: [] })
      const taken = other(...Object.values(rangesOf(first.config)).flat())
      const second = findFreeRanges({ ipFamilies }, { taken })
      expect(second.config.ipFamilies).toEqual(ipFamilies)
      expect(second.notices).toHaveLength(4 * ipFamilies.length)
      const ranges = Object.values(rangesOf(second.config)).flat()
      expect(ranges.filter(range => taken.some(other => other.range === range))).toEqual([])
    },
  )

  test('stay private when a whole block is taken', () => {
    const { config } = findFreeRanges(
      { ipFamilies: ['IPv4'] },
      { taken: [{ range: '10.0.0.0/8', by: 'a route of this host' }] },
    )
    expect(rangesOf(config)).toEqual({
      clusterCIDR: ['172.16.0.0/16'],
      serviceClusterIPRange: ['172.17.0.0/16'],
      loadBalancerIPRange: ['172.21.0.0/16'],
      nodeIPRange: ['172.20.0.0/16'],
    })
  })

  test('that are set stay, unless they are another cluster’s', () => {
    const taken = [{ range: '10.0.0.0/8', by: 'a route of this host' }]
    const options = { clusterCIDR: ['10.9.0.0/16'] }
    expect(findFreeRanges(options, { taken }).config.clusterCIDR).toEqual(['10.9.0.0/16'])
    expect(() => findFreeRanges(options, { taken: other('10.9.7.0/24') })).toThrow(
      'Cannot use --cluster-cidr 10.9.0.0/16: it overlaps 10.9.7.0/24 of cluster other, ' +
        'expected another range, or that cluster stopped',
    )
  })

  test('of the last start stay, and new ones make room for them', () => {
    const saved = rangesOf(findFreeRanges({}, { taken: other('10.244.0.0/16') }).config)
    expect(saved.clusterCIDR[0]).toBe('10.245.0.0/16')
    expect(findFreeRanges({}, { taken: [], saved }).config.clusterCIDR[0]).toBe('10.245.0.0/16')
  })
})
