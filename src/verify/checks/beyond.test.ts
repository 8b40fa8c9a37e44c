// The judgements about the way out, about programs and about proxies, on what probes said.
import { describe, expect, test } from 'vitest'
import { familyOrders, type IPFamily, otherFamily } from '../../ip/family.ts'
import { healthyNode } from '../objects.fake.ts'
import type { Attempt } from '../traffic.ts'
import { judgeOutsideName } from './DNS-03.ts'
import { judgeEgress } from './EGR-01.ts'
import { judgeSources, parseSource } from './EGR-02.ts'
import { judgeProxies } from './PRX-01.ts'
import { judgeBackends } from './WRK-01.ts'
import { judgeReadyPods } from './WRK-02.ts'
import { judgeTimes } from './WRK-03.ts'

const dual: readonly IPFamily[] = ['IPv4', 'IPv6']

describe('EGR-01', () => {
  const target = (family: IPFamily, isDefault = true) => ({ family, address: family, port: 443, isDefault })
  const attempt = (family: IPFamily, outcome: Attempt['outcome']): Attempt => ({
    from: 'node1',
    to: family,
    family,
    protocol: 'TCP',
    outcome,
    milliseconds: 20,
    detail: outcome === 'reached' ? 'connected 20' : 'timeout 5000',
  })

  test.each(dual)('tells that only %s has no way out', family => {
    const other = otherFamily(family)
    const attempts = [attempt(family, 'failed'), attempt(other, 'reached')]
    const seen = { attempts, targets: [target(family), target(other)] }
    expect(judgeEgress(seen, family)).toMatchObject({
      outcome: 'fail',
      observed: `1 of 1 failed: node1 -> ${family} TCP: timeout 5000`,
      remedy: { en: expect.stringContaining(`Masquerade ${family}`) },
    })
    expect(judgeEgress(seen, other).outcome).toBe('pass')
  })

  test('blames no air-gapped cluster for what nobody asked of it', () => {
    const attempts = dual.map(family => attempt(family, 'failed'))
    const seen = { attempts, targets: dual.map(family => target(family)) }
    expect(judgeEgress(seen, 'IPv6').outcome).toBe('notEvaluable')
    const asked = { attempts, targets: dual.map(family => target(family, false)) }
    expect(judgeEgress(asked, 'IPv6').outcome).toBe('fail')
    expect(judgeEgress({ attempts, targets: [target('IPv4')] }, 'IPv6').outcome).toBe('skip')
  })
})

describe('EGR-02', () => {
  test.each([
    ['172.20.0.1:4711', '172.20.0.1'],
    ['[fd00:10:244:0::7]:4711', 'fd00:10:244::7'],
    ['fl=1 h=one ip=2600::1 ts=1', '2600::1'],
    ['fd00::1', 'fd00::1'],
    ['<html>', undefined],
  ])('reads a source out of "%s"', (answer, source) => expect(parseSource(answer)).toBe(source))

  test('says whose the address is', () => {
    const node = healthyNode(1, dual)
    const seen = (family: IPFamily, answer: string) => ({
      node,
      family,
      podIPs: ['10.244.1.9', 'fd00:10:244:1::9'],
      answer,
    })
    expect(judgeSources([seen('IPv4', '172.20.0.1:5')], 'IPv4')).toEqual({
      outcome: 'pass',
      evidence: "node1: 172.20.0.1 (SNAT, the node's)",
    })
    expect(judgeSources([seen('IPv6', '[fd00:10:244:1::9]:5')], 'IPv6')).toEqual({
      outcome: 'pass',
      evidence: "node1: fd00:10:244:1::9 (the Pod's own)",
    })
    expect(judgeSources([seen('IPv4', '203.0.113.7:5')], 'IPv4')).toMatchObject({
      evidence: 'node1: 203.0.113.7 (SNAT, beyond the node)',
    })
    expect(judgeSources([seen('IPv4', '')], 'IPv4').outcome).toBe('notEvaluable')
  })
})

describe('DNS-03', () => {
  const of = (family: IPFamily, resolved: string, connected: string) => ({ family, resolved, connected })
  const v4 = of('IPv4', '1.1.1.1 1.0.0.1', 'connected 12')

  test.each([
    ['both get there', of('IPv6', '2606:4700:4700::1111', 'connected 15'), 'pass'],
    ['there is no AAAA', of('IPv6', 'NODATA', ''), 'pass'],
    ['AAAA leads nowhere', of('IPv6', '2606:4700:4700::1111', 'timeout 3000'), 'warn'],
  ])('%s', (_, v6, outcome) => {
    expect(judgeOutsideName([v4, v6], 'IPv6').outcome).toBe(outcome)
    expect(judgeOutsideName([v4, v6], 'IPv4').outcome).toBe('pass')
  })

  test('judges nothing without DNS or without any way out', () => {
    expect(judgeOutsideName([of('IPv4', 'TIMEOUT', ''), of('IPv6', 'TIMEOUT', '')], 'IPv6').outcome).toBe(
      'notEvaluable',
    )
    const lost = [of('IPv4', '1.1.1.1', 'timeout 3000'), of('IPv6', '2606:4700::1', 'timeout 3000')]
    expect(judgeOutsideName(lost, 'IPv6').outcome).toBe('notEvaluable')
  })
})

describe('Programs', () => {
  const listener = { name: 'default/web', port: 80, addresses: { IPv4: '10.244.1.7', IPv6: 'fd00::7' } }

  test.each(dual)('that listen in %s only are told, of Services and of Pods', family => {
    const other = otherFamily(family)
    const reached = [{ listener, families: [family] }]
    expect(judgeBackends(reached, other)).toMatchObject({
      outcome: 'fail',
      observed: `default/web port 80: ${family} only`,
      remedy: { en: expect.stringContaining('listen on ::') },
    })
    expect(judgeReadyPods(reached, other)).toMatchObject({ outcome: 'warn' })
    expect([judgeBackends(reached, family).outcome, judgeReadyPods(reached, family).outcome]).toEqual([
      'pass',
      'pass',
    ])
  })

  test('that are silent in every family are no finding', () => {
    const silent = [{ listener, families: [] }]
    expect(judgeBackends(silent, 'IPv6').outcome).toBe('notEvaluable')
    expect(judgeReadyPods([], 'IPv6').outcome).toBe('notEvaluable')
  })
})

describe('WRK-03', () => {
  const line = (milliseconds: number, code = 0) => ({ code, milliseconds, output: 'x' })

  test.each([
    ['as fast as the faster family', line(30), line(20), line(25), 'pass'],
    ['late, after a family that is broken', line(280), line(20), line(3000, 7), 'warn'],
    ['not there at all', line(3000, 7), line(20), line(25), 'warn'],
  ] as const)('A connection by name is %s', (_, byName, IPv4, IPv6, outcome) => {
    expect(judgeTimes({ byName, byAddress: { IPv4, IPv6 }, hasDNS: true }).outcome).toBe(outcome)
  })

  test('cannot be judged without names', () => {
    const seen = { byName: line(3000, 6), byAddress: { IPv4: line(20) }, hasDNS: false }
    expect(judgeTimes(seen)).toMatchObject({
      outcome: 'notEvaluable',
      reason: { en: expect.stringContaining('by name failed, IPv4 20 ms') },
    })
  })
})

describe('PRX-01', () => {
  const proxy = (node: string, families: readonly IPFamily[], log?: string) => ({
    node,
    proxy: 'kube-proxy iptables',
    families,
    ...(log ? { log } : {}),
  })

  test.each(familyOrders.map(families => ({ families })))(
    'Proxies of $families serve them',
    ({ families }) => {
      for (const family of families) {
        expect(judgeProxies([proxy('node1', families)], family)).toEqual({
          outcome: 'pass',
          evidence: 'node1: kube-proxy iptables',
        })
      }
    },
  )

  test('A proxy that lacks a family is told, with what its log says', () => {
    const seen = [proxy('node1', dual), proxy('node2', ['IPv4'], 'running in single-stack mode')]
    expect(judgeProxies(seen, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'node2: kube-proxy iptables (log: running in single-stack mode)',
      remedy: { en: expect.stringContaining('modprobe') },
    })
    expect(judgeProxies(seen, 'IPv4').outcome).toBe('pass')
    expect(judgeProxies([proxy('node1', [])], 'IPv4')).toMatchObject({
      cause: { en: expect.stringContaining('does not run') },
    })
  })
})
