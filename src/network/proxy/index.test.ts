// The chains of routes and the table's unchanging part; as a whole they stand in golden/.
import { describe, expect, test } from 'vitest'
import { familyOrders } from '../../ip/family.ts'
import { planRoute, type Route, type RouteOptions } from './route.ts'
import { proxyChains, proxyCollections } from './table.ts'

const at: RouteOptions = { family: 'IPv4', place: 'service', protocol: 'tcp' }
const both = { from: 0, count: 2 }

describe('planRoute', () => {
  test.each<[Route, string]>([
    [{ to: 'reject' }, 'goto refuse'],
    [{ to: 'drop' }, 'drop'],
    [{ to: 'internal', pick: both }, 'goto service-internal-0-2-tcp-IPv4'],
    [{ to: 'external', pick: { from: 3, count: 1 } }, 'goto service-external-3-1-tcp-IPv4'],
    [{ to: 'local', inside: both, outside: undefined }, 'goto service-local-none-of-0-2-tcp-IPv4'],
    [
      { to: 'local', inside: { from: 1, count: 2 }, outside: { from: 0, count: 2 } },
      'goto service-local-0-2-of-1-2-tcp-IPv4',
    ],
  ])('%j is %s', (route, verdict) => {
    expect(planRoute(route, at).verdict).toBe(verdict)
  })

  test('A guard comes first, also before a refusal', () => {
    const { verdict, chain } = planRoute({ to: 'reject' }, { ...at, family: 'IPv6', isGuarded: true })
    expect(verdict).toBe('goto service-guarded-reject-tcp-IPv6')
    expect(chain?.rules).toEqual([
      'ip6 daddr . meta l4proto . th dport . ip6 saddr != @source-ranges-IPv6 drop',
      'goto refuse',
    ])
  })

  test('The same route is the same chain, and a chain says which others it needs', () => {
    const route: Route = { to: 'local', inside: both, outside: both }
    expect(planRoute(route, at)).toEqual(planRoute(route, at))
    expect(planRoute(route, at).chain?.needs.map(({ name }) => name)).toEqual(['service-pick-0-2-tcp-IPv4'])
  })
})

test.each(familyOrders.map(families => ({ families })))(
  'The table of $families has nothing of another family',
  ({ families }) => {
    const chains = proxyChains({ families, hasNodePortRanges: true })
    const text = JSON.stringify([chains, proxyCollections(families)])
    for (const family of ['IPv4', 'IPv6'] as const) {
      expect(text.includes(`node-port-ranges-${family}`)).toBe(families.includes(family))
      expect(text.includes(`frontends-${family}`)).toBe(families.includes(family))
    }
  },
)
