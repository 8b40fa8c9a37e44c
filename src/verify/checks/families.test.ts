// All four lists of families: what a whole cluster of each is told, and what a broken one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { familyOrders, formatFamilies, type IPFamilies, otherFamily } from '../../ip/family.ts'
import { findingOf, idsOf, startVerifiedCluster } from '../cluster.fake.ts'
import { denied, internalIPs, isPlain, isV6, type Loose, only, refuse, serviceCIDR } from './breaks.fake.ts'

type Verified = Awaited<ReturnType<typeof startVerifiedCluster>>

describe.each(familyOrders.map(families => ({ families, named: formatFamilies(families) })))(
  'A whole cluster of $named',
  ({ families }) => {
    const isDual = families.length > 1
    let cluster: Verified
    beforeAll(async () => {
      cluster = await startVerifiedCluster(families)
    })
    afterAll(() => cluster.stop())

    test('has no finding but that it is single-stack, where it is', async () => {
      const report = await cluster.run({}, { with: 'probes' })
      expect(idsOf(report, 'fail')).toEqual(isDual ? [] : ['PRE-03'])
      expect(idsOf(report, 'warn')).toEqual(isDual ? [] : ['MIG-01'])
      expect(report.exitCode).toBe(isDual ? 0 : 1)
      for (const { id, families: verdicts } of report.checks) {
        expect([id, Object.keys(verdicts).sort()]).toEqual([id, ['IPv4', 'IPv6']])
      }
    })

    test('is broken by a node of the other order or family', async () => {
      const swap = only('node2', ({ status }) => void status.addresses.reverse())
      const swapped = await cluster.run({ change: { nodes: swap } })
      expect(idsOf(swapped, 'fail')).toEqual(isDual ? ['NODE-05'] : ['PRE-03'])
      const last = families.at(-1)!
      const lose = only('node1', node =>
        internalIPs(node, ip => (isV6(ip) === (last === 'IPv6') ? undefined : ip)),
      )
      const lost = await cluster.run({ change: { nodes: lose } })
      expect(idsOf(lost, 'fail')).toEqual([...(isDual ? [] : ['PRE-03']), 'NODE-04', 'NODE-07'])
      const verdicts = lost.checks.find(({ id }) => id === 'NODE-04')!.families
      expect(verdicts[last]!.outcome).toBe('fail')
    })
  },
)

const singleStack = familyOrders.filter(families => families.length === 1)

describe.each(singleStack.map(families => ({ families, named: formatFamilies(families) })))(
  'A single-stack cluster of $named',
  ({ families }) => {
    let cluster: Verified
    beforeAll(async () => {
      cluster = await startVerifiedCluster(families)
    })
    afterAll(() => cluster.stop())

    test('is told plainly what to change', async () => {
      const report = await cluster.run()
      const missing = otherFamily(families[0]!)
      expect(findingOf(report, 'PRE-03')).toContain(`there is no ${missing} range for them`)
      expect(findingOf(report, 'PRE-03')).toContain('futago up --ip-families IPv4,IPv6')
      expect(findingOf(report, 'PRE-03')).toContain(`--expect ${families[0]!.toLowerCase()}`)
      expect(findingOf(report, 'MIG-01')).toContain(`The primary family stays ${families[0]}`)
    })

    test('passes when that is what is expected', async () => {
      const expected = families[0]!.toLowerCase() as 'ipv4' | 'ipv6'
      const report = await cluster.run({}, { settings: { expect: expected } })
      expect([idsOf(report, 'fail'), idsOf(report, 'warn'), report.exitCode]).toEqual([[], [], 0])
    })

    test('fails, where dual stack is expected, in what dual stack would need', async () => {
      const report = await cluster.run({}, { settings: { expect: 'dual' } })
      expect(idsOf(report, 'fail')).toEqual(['PRE-03', 'NODE-01', 'NODE-04'])
    })

    test('has to refuse RequireDualStack in the right words', async () => {
      const plain = (body: Loose) => {
        if (isPlain(body) && body.spec.ipFamilyPolicy === 'RequireDualStack') {
          body.spec.ipFamilyPolicy = 'PreferDualStack'
        }
      }
      const report = await cluster.run({ send: { services: plain } })
      expect(idsOf(report, 'fail')).toEqual(['PRE-03', 'SVC-04'])
      const vague = await cluster.run({
        send: { services: ({ spec }) => spec.ipFamilyPolicy === 'RequireDualStack' && refuse(denied) },
      })
      expect(findingOf(vague, 'SVC-04')).toContain(denied)
    })
  },
)

describe('A cluster of IPv4, IPv6', () => {
  test('is told when another primary family is expected', async () => {
    const cluster = await startVerifiedCluster(['IPv4', 'IPv6'])
    const report = await cluster.run({}, { settings: { primary: 'IPv6', only: ['PRE-03', 'MIG-01'] } })
    expect([idsOf(report, 'fail'), idsOf(report, 'warn')]).toEqual([['PRE-03'], ['MIG-01']])
    expect(findingOf(report, 'PRE-03')).toContain('cannot be changed safely')
    expect(findingOf(report, 'MIG-01')).toContain('Do not swap the ranges of this cluster')
    await cluster.stop()
  })

  test('is told when one family is expected', async () => {
    const cluster = await startVerifiedCluster(['IPv4', 'IPv6'])
    const report = await cluster.run({}, { settings: { expect: 'ipv4' } })
    expect([idsOf(report, 'fail'), idsOf(report, 'warn')]).toEqual([[], ['PRE-03']])
    await cluster.stop()
  })
})

test('Families are those of the ServiceCIDR of the flags, not of one that was added', async () => {
  const cluster = await startVerifiedCluster(['IPv4'])
  const report = await cluster.run({ add: { servicecidrs: [serviceCIDR('more', 'fd00:10:96::/112')] } })
  expect(report.cluster.families satisfies IPFamilies).toEqual(['IPv4'])
  await cluster.stop()
})
