import { describe, expect, test } from 'vitest'
import { familyOrders } from '../../ip/family.ts'
import { canonical, externalAddresses, proxiedAddresses, sourceRanges } from './frontends.ts'
import { balanced, balancerIPs, clusterIPs, serviceOf } from './testobjects.fake.ts'

const port = { port: 80 }

test('An address has one text', () => {
  const texts = ['10.0.0.1', '010.0.0.01', 'FD00:0::1', '::ffff:10.0.0.1', 'x', '']
  expect(texts.map(canonical)).toEqual(['10.0.0.1', '10.0.0.1', 'fd00::1', '10.0.0.1', undefined, undefined])
})

test.each(familyOrders.map(families => ({ families })))(
  'A Service of $families has its own addresses in each family',
  ({ families }) => {
    const service = serviceOf(families, { type: 'LoadBalancer' }, { status: balanced(families) })
    for (const family of ['IPv4', 'IPv6'] as const) {
      const has = families.includes(family)
      expect(proxiedAddresses(service, family)).toEqual(has ? [clusterIPs[family]] : [])
      const expected = has ? [{ address: balancerIPs[family], isGuarded: false }] : []
      expect(externalAddresses(service, family)).toEqual(expected)
    }
  },
)

test('Headless Services have none, nor do balancers that answer themselves or other types', () => {
  expect(proxiedAddresses(serviceOf(['IPv4'], { clusterIPs: ['None'] }), 'IPv4')).toEqual([])
  const ingress = [
    { ip: '192.0.2.9', ipMode: 'Proxy' },
    { ip: '192.0.2.10', ipMode: 'VIP' },
    { hostname: 'a' },
  ]
  const status = { loadBalancer: { ingress } }
  const addresses = (type: string) =>
    externalAddresses(serviceOf(['IPv4'], { type }, { status }), 'IPv4').map(({ address }) => address)
  expect(addresses('LoadBalancer')).toEqual(['192.0.2.10'])
  expect(addresses('NodePort')).toEqual([])
})

describe('sourceRanges', () => {
  const ranges = (loadBalancerSourceRanges: string[], nodeAddresses: string[] = []) => {
    const families = ['IPv4', 'IPv6'] as const
    const spec = { type: 'LoadBalancer', loadBalancerSourceRanges }
    const service = serviceOf(families, spec, { status: balanced(families) })
    return families.map(family => sourceRanges(service, { family, port, nodeAddresses }))
  }

  test('name the ranges of the family for each address of the balancer', () => {
    expect(ranges(['198.51.100.0/24', 'fd00:1::/64', '10.1.2.3/8'])).toEqual([
      ['203.0.113.7 . tcp . 80 . 198.51.100.0/24', '203.0.113.7 . tcp . 80 . 10.0.0.0/8'],
      ['2001:db8:7::7 . tcp . 80 . fd00:1::/64'],
    ])
  })

  test('leave out what another range covers', () => {
    expect(ranges(['10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/8'])[0]).toEqual([
      '203.0.113.7 . tcp . 80 . 10.0.0.0/8',
    ])
  })

  test('let the balancer’s own address in when the node may', () => {
    expect(ranges(['192.0.2.0/24'], ['192.0.2.1'])[0]).toEqual([
      '203.0.113.7 . tcp . 80 . 192.0.2.0/24',
      '203.0.113.7 . tcp . 80 . 203.0.113.7/32',
    ])
    expect(ranges(['0.0.0.0/0'], ['192.0.2.1'])[0]).toEqual(['203.0.113.7 . tcp . 80 . 0.0.0.0/0'])
  })
})
