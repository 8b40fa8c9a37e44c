// Changes as increments, which lead to the same as a fresh start.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeNft } from '../nftables/nft.fake.ts'
import { pod, policy, stateOf, world } from './policies.fake.ts'
import { policyState } from './state.ts'
import { planTable, planUpdate } from './update.ts'

/** Everything in the tables, whatever the order it was made in. */
const contentsOf = (nft: FakeNft) => {
  const table = nft.tables.get('inet futago-policy')!
  const sorted = (map: ReadonlyMap<string, unknown>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    chains: sorted(table.chains),
    collections: sorted(table.collections).map(([name, elements]) => [
      name,
      sorted(elements as ReadonlyMap<string, unknown>),
    ]),
  }
}

describe('changes', () => {
  test('nothing changed is an empty transaction', () => {
    const one = policy('db', { ingress: [{ from: [{ podSelector: {} }] }] })
    expect(planUpdate(stateOf(one), stateOf(one)).isEmpty).toBe(true)
  })

  test('a Pod that comes is elements, not rules', () => {
    const policies = [
      policy('db', { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] }),
    ]
    const more = pod('web', ['10.244.2.9'], { nodeName: 'node2' })
    const before = policyState({ ...world, policies })
    const after = policyState({ ...world, policies, pods: [...world.pods, more] })
    expect(planUpdate(before, after).toString()).toMatch(
      /^add element inet futago-policy pods-[0-9a-f]{12}-IPv4 \{ 10\.244\.2\.9 \}\n$/,
    )
  })

  const names = fc.constantFrom('db', 'web', 'api')
  const selector = fc.oneof(
    fc.constant({}),
    names.map(app => ({ matchLabels: { app } })),
  )
  const peer = fc.oneof(
    selector.map(podSelector => ({ podSelector })),
    fc.constant({ namespaceSelector: {} }),
    fc.constantFrom('192.0.2.0/24', '2001:db8::/32', '0.0.0.0/0').map(cidr => ({ ipBlock: { cidr } })),
  )
  const port = fc.constantFrom({ port: 80 }, { port: 'http' }, { port: 1, endPort: 9 }, { protocol: 'UDP' })
  const rule = fc.record(
    { from: fc.array(peer, { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) },
    { requiredKeys: [] },
  )
  const somePolicy = fc
    .tuple(names, selector, fc.array(rule, { maxLength: 2 }), fc.boolean())
    .map(([name, podSelector, ingress, both]) =>
      policy(name, {
        podSelector,
        ingress,
        policyTypes: both ? ['Ingress', 'Egress'] : ['Ingress'],
        egress: both ? ingress.map(({ from: to, ...rest }) => ({ ...rest, ...(to ? { to } : {}) })) : [],
      }),
    )
  const somePod = fc
    .tuple(names, fc.integer({ min: 2, max: 9 }), fc.constantFrom('node1', 'node2'))
    .map(([name, last, nodeName]) => pod(name, [`10.244.1.${last}`, `fd00::${last}`], { nodeName }))
  const someState = fc
    .tuple(
      fc.uniqueArray(somePolicy, { maxLength: 3, selector: ({ metadata }) => metadata.name }),
      fc.uniqueArray(somePod, { maxLength: 5, selector: ({ addresses }) => addresses[0] }),
    )
    .map(([policies, found]) => policyState({ ...world, policies, pods: found }))

  test('any sequence of increments leads to what a fresh start makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someState, { minLength: 2, maxLength: 5 }), async states => {
        const stepwise = new FakeNft()
        await stepwise.run(planTable(states[0]!))
        for (const [index, next] of states.slice(1).entries()) {
          await stepwise.run(planUpdate(states[index]!, next))
        }
        const fresh = new FakeNft()
        await fresh.run(planTable(states.at(-1)!))
        expect(contentsOf(stepwise)).toEqual(contentsOf(fresh))
      }),
      { numRuns: 200 },
    )
  })
})
