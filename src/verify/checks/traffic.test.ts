// Judgements of the checks that send packets, on outputs as probe Pods print them.
import { describe, expect, test } from 'vitest'
import { clientAddress, sortedAddresses } from '../addresslists.ts'
import { parseGathered } from '../clusteriptraffic.ts'
import { dnsAnswers, parseResolved } from '../dnsprobe.ts'
import { nodePairs } from '../probeservice.ts'
import { attemptOf, judgeAttempts, parseProbes } from '../traffic.ts'
import { judgeRecords } from './DNS-01.ts'
import { judgeNameservers } from './DNS-02.ts'
import { judgeLocalTraffic } from './LB-06.ts'
import { judgeNames } from './LB-07.ts'
import { judgeKernels, parseNodeKernel } from './NODE-09.ts'
import { judgeDefaultDeny } from './NP-01.ts'
import { judgeBlocks } from './NP-02.ts'
import { judgeHosts, parseHosts } from './POD-05.ts'
import { judgeExec } from './POD-06.ts'
import { judgePodNetworks, parsePodNetwork } from './POD-07.ts'
import { judgePayloads } from './POD-10.ts'
import { judgeHeadless } from './SVC-10.ts'
import { judgeOtherFamily } from './SVC-13.ts'
import { judgeAffinity } from './SVC-15.ts'
import { judgeLatencies, latenciesOf, parseSightings } from './SVC-16.ts'
import { answersOf, judgeFlow } from './SVC-17.ts'
import { judgeKubernetesService } from './SVC-20.ts'

const text = { en: 'x', ja: 'x' }
const finding = { expected: text, cause: text, remedy: text }

describe('what scripts print', () => {
  test('settle prints key, exit code, milliseconds and output, separated by tabs', () => {
    const probes = parseProbes('noise\nnode2 IPv6 TCP\t0\t20\tserver-b\nx\t28\t3010\tcurl: (28) timed out\n')
    expect([...probes]).toEqual([
      ['node2 IPv6 TCP', { code: 0, milliseconds: 20, output: 'server-b' }],
      ['x', { code: 28, milliseconds: 3010, output: 'curl: (28) timed out' }],
    ])
  })

  test('gather prints how many failed and who answered; resolve addresses or a word', () => {
    expect(parseGathered({ code: 0, milliseconds: 1, output: '0 a b ' })).toEqual(['a', 'b'])
    expect(parseResolved('10.0.0.1 10.0.0.2')).toEqual({ addresses: ['10.0.0.1', '10.0.0.2'] })
    expect(parseResolved('NODATA')).toEqual({ addresses: [], failure: 'NODATA' })
    expect(dnsAnswers('dns TIMEOUT\n')).toBe(false)
    expect(dnsAnswers('dns NXDOMAIN\n')).toBe(false)
    expect(dnsAnswers('dns NODATA\n')).toBe(true)
  })

  test('addresses of clients come in many forms', () => {
    const forms = ['10.0.0.1:80', '[fd00::1]:80', '::ffff:10.0.0.1', '[::ffff:10.0.0.1]:9', 'fd00::1', 'none']
    expect(forms.map(clientAddress)).toEqual([
      '10.0.0.1',
      'fd00::1',
      '10.0.0.1',
      '10.0.0.1',
      'fd00::1',
      undefined,
    ])
    expect(sortedAddresses(['fd00:0::2', 'fd00::1', '10.0.0.9', 'x', 'fd00::2'])).toEqual([
      '10.0.0.9',
      'fd00::1',
      'fd00::2',
    ])
  })
})

test('Pairs of nodes are three times the nodes, not their square', () => {
  expect(nodePairs(['a'])).toEqual([['a', 'a']])
  expect(nodePairs(['a', 'b'])).toEqual([
    ['a', 'a'],
    ['b', 'b'],
    ['a', 'b'],
    ['b', 'a'],
  ])
  expect(nodePairs([...'abcdefgh'])).toHaveLength(24)
})

test('Attempts of one family are judged alone, and those without a tool are named', () => {
  const what = { from: 'a', to: 'b', protocol: 'TCP' as const }
  const ok = { code: 0, milliseconds: 5, output: 'b' }
  const attempts = [
    attemptOf(ok, { ...what, family: 'IPv4' }),
    attemptOf(
      { code: 3, milliseconds: 1, output: '(no tool)' },
      { ...what, family: 'IPv4', protocol: 'UDP' },
    ),
    attemptOf(undefined, { ...what, family: 'IPv6' }),
    attemptOf(ok, { ...what, family: 'IPv6' }, output => output === 'c'),
  ]
  expect(judgeAttempts(attempts, 'IPv4', finding)).toEqual({
    outcome: 'pass',
    evidence: '1 of 1 over TCP, median 5 ms; UDP not tried, the image has no tool for it',
  })
  expect(judgeAttempts(attempts, 'IPv6', finding)).toMatchObject({
    outcome: 'fail',
    observed: '2 of 2 failed: a -> b TCP: no answer; a -> b TCP: b',
  })
  expect(judgeAttempts([], 'IPv6', finding).outcome).toBe('notEvaluable')
})

describe('Pods', () => {
  test('POD-05: a hosts file without the IPv6 line', () => {
    const whole = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n10.0.0.1\tp # me\nfd00::1\tp\n'
    expect(parseHosts(whole).get('10.0.0.1')).toEqual(['p'])
    const file = { node: 'n', podName: 'p', podIPs: ['10.0.0.1', 'fd00::1'], text: whole }
    expect(judgeHosts([file], 'IPv6')).toEqual({ outcome: 'pass', evidence: 'n: fd00::1 p' })
    const broken = { ...file, text: whole.replace('fd00::1\tp\n', '') }
    expect(judgeHosts([broken], 'IPv4').outcome).toBe('pass')
    expect(judgeHosts([broken], 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'n: no line for fd00::1',
    })
    expect(judgeHosts([{ ...file, podIPs: ['10.0.0.1'] }], 'IPv6').outcome).toBe('notEvaluable')
  })

  test('POD-06: which ways of exec have to work depends on the version', () => {
    const attempt = (protocol: 'v5.channel.k8s.io' | 'v4.channel.k8s.io' | 'SPDY/3.1', output?: string) => ({
      protocol,
      output,
      detail: output ?? 'refused',
    })
    const all = [attempt('v5.channel.k8s.io'), attempt('v4.channel.k8s.io', 'x'), attempt('SPDY/3.1', 'x')]
    expect(judgeExec(all, 20).outcome).toBe('pass')
    expect(judgeExec(all, 33).outcome).toBe('warn')
    expect(
      judgeExec(
        all.map(({ protocol }) => attempt(protocol)),
        33,
      ).outcome,
    ).toBe('fail')
  })

  const inside = `settled 120
inet6 fd000010024400000000000000000014 80 eth0
default IPv4 eth0
default IPv6 eth0
mtu eth0 1500
`
  test('POD-07: a duplicate address, a missing route, an MTU too small for IPv6', () => {
    const network = parsePodNetwork('n', inside)
    expect(network.inet6).toEqual([{ address: 'fd00:0010:0244:0000:0000:0000:0000:0014', flags: 0x80 }])
    expect(judgePodNetworks([network], 'IPv6')).toEqual({
      outcome: 'pass',
      evidence: 'default route, MTU 1500, addresses usable within 120 ms',
    })
    const judge = (changed: string, family: 'IPv4' | 'IPv6') =>
      judgePodNetworks([parsePodNetwork('n', changed)], family)
    const duplicate = inside.replace('14 80', '14 88')
    expect(judge(duplicate, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: expect.stringContaining('dadfailed'),
    })
    expect(judge(duplicate, 'IPv4').outcome).toBe('pass')
    const small = inside.replace('1500', '1279')
    expect(judge(small, 'IPv6')).toMatchObject({ outcome: 'fail', observed: 'n: eth0 MTU 1279' })
    expect(judge(small, 'IPv4').outcome).toBe('pass')
    const gone = small.replace('default IPv6 eth0\n', '')
    expect(judge(gone, 'IPv6')).toMatchObject({ outcome: 'fail', observed: 'n: eth0 MTU 1279' })
    const noRoute = inside.replace('default IPv6 eth0\n', '')
    expect(judge(noRoute, 'IPv6')).toMatchObject({ outcome: 'fail', observed: 'n: no default route' })
  })

  test('POD-10: the breaking size of each way is named', () => {
    const way = { from: 'a', to: 'b', family: 'IPv6' as const, protocol: 'UDP' as const }
    const payloads = [
      { ...way, bytes: 1200, outcome: 'arrived' as const },
      { ...way, bytes: 1400, outcome: 'lost' as const },
      { ...way, bytes: 2000, outcome: 'lost' as const },
      { ...way, protocol: 'TCP' as const, bytes: 1000, outcome: 'lost' as const },
    ]
    expect(judgePayloads(payloads, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'a -> b UDP: 1200 bytes arrive, 1400 do not; a -> b TCP: 1000 do not',
    })
    expect(judgePayloads(payloads, 'IPv4').outcome).toBe('notEvaluable')
    expect(judgePayloads(payloads.slice(0, 1), 'IPv6')).toEqual({
      outcome: 'pass',
      evidence: 'UDP 1200 bytes, TCP not tried (no tool), both ways',
    })
  })
})

test('NODE-09: the sysctl lines that are wrong are printed', () => {
  const good = 'forward IPv4 1\nforward IPv6 1\ndisable 0\ndefault IPv4 eth0\ndefault IPv6 eth0\nra eth0 2\n'
  const judge = (text: string, family: 'IPv4' | 'IPv6') => judgeKernels([parseNodeKernel('n', text)], family)
  expect(judge(good, 'IPv6').outcome).toBe('pass')
  expect(judge(good.replace('ra eth0 2', 'ra eth0 1'), 'IPv6')).toMatchObject({
    outcome: 'fail',
    observed: 'n: net.ipv6.conf.eth0.accept_ra=1 with an advertised default route',
  })
  const off = good.replace('disable 0', 'disable 1').replace('forward IPv6 1', 'forward IPv6 0')
  expect(judge(off, 'IPv6')).toMatchObject({
    outcome: 'fail',
    expected: { en: 'net.ipv6.conf.all.disable_ipv6=0, net.ipv6.conf.all.forwarding=1' },
  })
  expect(judge(off, 'IPv4').outcome).toBe('pass')
  expect(judge(good.replace('default IPv6 eth0\n', ''), 'IPv6').outcome).toBe('warn')
})

describe('Services', () => {
  test('SVC-10: records and Pods agree', () => {
    const pods = ['10.0.0.1', 'fd00::1', '10.0.0.2', 'fd00::2']
    expect(judgeHeadless({ addresses: ['fd00::2', 'fd00::1'] }, pods, 'IPv6').outcome).toBe('pass')
    expect(judgeHeadless({ addresses: [], failure: 'NODATA' }, pods, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'AAAA: NODATA',
    })
  })

  test('SVC-13: the other family is refused at once, hangs, or is taken', () => {
    const attempt = (said: 'refused' | 'timeout' | 'connected', milliseconds: number) => [
      { to: 'n', family: 'IPv4' as const, said, milliseconds },
    ]
    expect(judgeOtherFamily(attempt('refused', 10), 'IPv6').outcome).toBe('pass')
    expect(judgeOtherFamily(attempt('timeout', 3000), 'IPv6').outcome).toBe('warn')
    expect(judgeOtherFamily(attempt('connected', 10), 'IPv6').outcome).toBe('fail')
    expect(judgeOtherFamily(attempt('connected', 10), 'IPv4').outcome).toBe('notEvaluable')
  })

  test('SVC-15: one backend, several, none', () => {
    const said = (output: string) => judgeAffinity({ code: 0, milliseconds: 1, output }, 'IPv6').outcome
    expect([said('0 a'), said('0 a b'), said('3 ')]).toEqual(['pass', 'fail', 'notEvaluable'])
  })

  test("SVC-16: times are counted from each turn, over the two clocks' difference", () => {
    const log = 'tick 50\nseen 60 IPv4 a\nseen 2300 IPv4 b\nseen 4100 IPv4 a\nseen 2700 IPv6 b\n'
    const sightings = parseSightings(log)
    expect(sightings).toHaveLength(4)
    const turns = [
      { atMs: 12_000, name: 'b' },
      { atMs: 14_000, name: 'a' },
    ]
    const of = (family: 'IPv4' | 'IPv6') =>
      latenciesOf(
        turns,
        sightings.filter(each => each.family === family),
        10_000,
      )
    expect(of('IPv4')).toEqual([300, 100])
    expect(of('IPv6')).toEqual([700, undefined])
    expect(judgeLatencies(of('IPv4'))).toEqual({
      outcome: 'pass',
      evidence: '2 changes: p50 300 ms, p99 300 ms',
    })
    expect(judgeLatencies(of('IPv6')).outcome).toBe('warn')
    expect(judgeLatencies([undefined, undefined]).outcome).toBe('fail')
    expect(judgeLatencies([6000]).outcome).toBe('warn')
    expect(judgeLatencies([]).outcome).toBe('notEvaluable')
  })

  test('SVC-17: a flow goes on, or is lost', () => {
    const names = { old: 'a', next: 'b', readyAfter: 1 }
    const lines = 'said IPv4 a\nsaid IPv6 a\nsaid IPv6 -\nsaid IPv6 b\nsaid IPv4 -\nsaid IPv4 -\n'
    const answers = answersOf(lines, 'IPv6')
    expect(answers).toEqual(['a', '-', 'b'])
    expect(judgeFlow(answers, names)).toEqual({ outcome: 'pass', evidence: 'a, then b after 1 lost' })
    const silence = Array<string>(8).fill('-')
    expect(judgeFlow(['a', ...silence], names)).toMatchObject({
      outcome: 'fail',
      observed: 'a, then nothing for 8 datagrams to b',
    })
    const late = [
      judgeFlow(['a', ...silence], { ...names, readyAfter: 5 }),
      judgeFlow(['a', ...silence], { ...names, next: '', readyAfter: undefined }),
      judgeFlow(['-'], names),
    ]
    expect(late.map(({ outcome }) => outcome)).toEqual(['notEvaluable', 'notEvaluable', 'notEvaluable'])
  })

  test('SVC-20: the wrong family, no answer, a certificate without the address', () => {
    const answer = { node: 'n', address: 'fd00::1', said: 'verified' as const, detail: 'verified' }
    const good = {
      clusterIPs: ['fd00::1'],
      endpoints: ['fd00:30::1'],
      primary: 'IPv6' as const,
      answers: [answer],
    }
    expect(judgeKubernetesService(good)).toEqual({
      outcome: 'pass',
      evidence: 'ClusterIP fd00::1, endpoints fd00:30::1: answers from every node, certificate names it',
    })
    const remedyOf = (changed: Partial<typeof good>) => {
      const verdict = judgeKubernetesService({ ...good, ...changed })
      return verdict.outcome === 'fail' ? verdict.remedy.en : verdict.outcome
    }
    expect(remedyOf({ endpoints: ['10.0.0.1'] })).toContain('--advertise-address')
    const said = (said: 'silent' | 'untrusted') => remedyOf({ answers: [{ ...answer, said } as never] })
    expect(said('silent')).toContain('curl -k')
    expect(said('untrusted')).toContain('SANs')
  })
})

describe('load balancers', () => {
  const seen = {
    own: ['10.244.0.5', 'fd00:244::5', '172.30.0.1', 'fd00:30::1'],
    clients: [
      { to: '192.0.2.1', family: 'IPv4' as const, seen: '10.244.0.5:1234' },
      { to: '2001:db8::1', family: 'IPv6' as const, seen: '[fd00:99::1]:1234' },
    ],
    health: [{ to: 'fd00:30::1', family: 'IPv4' as const, answer: '{"localEndpoints":1}' }],
  }
  test("LB-06: the client's own address, or another one", () => {
    expect(judgeLocalTraffic(seen, 'IPv4')).toEqual({
      outcome: 'pass',
      evidence: '192.0.2.1: client 10.244.0.5:1234',
    })
    expect(judgeLocalTraffic(seen, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: '2001:db8::1: [fd00:99::1]:1234',
    })
    const dead = { ...seen, health: [{ ...seen.health[0]!, answer: 'no answer' }] }
    expect(judgeLocalTraffic(dead, 'IPv4').outcome).toBe('fail')
    const silent = { ...seen, clients: [{ ...seen.clients[0]!, seen: 'curl: (28)' }] }
    expect(judgeLocalTraffic(silent, 'IPv4').outcome).toBe('notEvaluable')
  })

  test('LB-07: names have records of exactly the families of their Service', () => {
    const named = {
      service: 'a/b',
      hostname: 'lb.example',
      families: ['IPv4', 'IPv6'],
      addresses: { IPv4: ['192.0.2.1'], IPv6: [] },
    }
    expect(judgeNames([named], 'IPv4').outcome).toBe('pass')
    expect(judgeNames([named], 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'a/b lb.example: AAAA none',
    })
    expect(judgeNames([], 'IPv6').outcome).toBe('skip')
  })
})

describe('DNS and policies', () => {
  test('DNS-01: a dropped AAAA, and SERVFAIL where there should be nothing', () => {
    const asked = { wanted: ['fd00::1'], resolved: { addresses: ['fd00::1'] } }
    const empty = (failure: string, milliseconds: number) => ({
      ...asked,
      empty: { resolved: { addresses: [], failure }, milliseconds },
    })
    expect(judgeRecords(empty('NODATA', 5), 'IPv6').outcome).toBe('pass')
    expect(judgeRecords(empty('SERVFAIL', 5), 'IPv6').outcome).toBe('fail')
    expect(judgeRecords(empty('NODATA', 5000), 'IPv6').outcome).toBe('fail')
    const dropped = { ...asked, resolved: { addresses: [], failure: 'NODATA' } }
    expect(judgeRecords(dropped, 'IPv6')).toMatchObject({ outcome: 'fail', observed: 'AAAA: NODATA' })
  })

  test('DNS-02: no DNS at all is not a fault of a family; a nameserver that is silent is', () => {
    const attempt = (isAnswered: boolean) => ({
      node: 'n',
      server: '10.96.0.10',
      protocol: 'UDP',
      isAnswered,
      said: 'TIMEOUT',
    })
    const facts = { attempts: [attempt(false)], service: undefined, primary: 'IPv4' }
    expect(judgeNameservers(facts).outcome).toBe('notEvaluable')
    expect(judgeNameservers({ ...facts, service: ['10.96.0.10'] }).outcome).toBe('fail')
    expect(judgeNameservers({ ...facts, attempts: [attempt(true)], primary: 'IPv6' })).toEqual({
      outcome: 'pass',
      evidence: '10.96.0.10: answers over UDP and TCP from every node, IPv4 (the primary family is IPv6)',
    })
  })

  test('NP-01: one family that passes is a failure, both are no enforcement', () => {
    const trial = (family: 'IPv4' | 'IPv6', after: 'open' | 'closed') => ({
      direction: 'ingress' as const,
      family,
      before: 'open' as const,
      after,
    })
    const leaky = [trial('IPv4', 'closed'), trial('IPv6', 'open')]
    expect(judgeDefaultDeny(leaky, 'IPv4').outcome).toBe('pass')
    expect(judgeDefaultDeny(leaky, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'ingress: IPv6 still passes',
    })
    const none = [trial('IPv4', 'open'), trial('IPv6', 'open')]
    expect(judgeDefaultDeny(none, 'IPv6').outcome).toBe('notEvaluable')
  })

  test('NP-02: except keeps out, the block lets in', () => {
    const trial = (family: 'IPv4' | 'IPv6', excepted: 'open' | 'closed', allowed: 'open' | 'closed') => ({
      family,
      excepted: { before: 'open' as const, after: excepted },
      allowed: { before: 'open' as const, after: allowed },
    })
    const trials = [trial('IPv4', 'closed', 'open'), trial('IPv6', 'closed', 'closed')]
    expect(judgeBlocks(trials, 'IPv4').outcome).toBe('pass')
    expect(judgeBlocks(trials, 'IPv6')).toMatchObject({
      outcome: 'fail',
      observed: 'allowed: closed, excepted: closed',
    })
    expect(judgeBlocks([trial('IPv4', 'open', 'open'), trial('IPv6', 'open', 'open')], 'IPv6').outcome).toBe(
      'notEvaluable',
    )
  })
})
