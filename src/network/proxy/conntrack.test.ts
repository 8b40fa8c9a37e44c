import { describe, expect, test } from 'vitest'
import { FakeExec } from '../../host/exec.fake.ts'
import { changedFrontends, flushFlows, parseFlows, planFlush } from './conntrack.ts'
import type { UDPFrontend } from './serviceplan.ts'

const listing = [
  'udp      17 29 src=10.244.1.5 dst=10.96.0.10 sport=5353 dport=53 [UNREPLIED] ' +
    'src=10.244.1.2 dst=10.244.1.5 sport=5300 dport=5353 mark=0 use=1',
  'udp      17 119 src=10.244.1.6 dst=10.96.0.10 sport=5353 dport=53 ' +
    'src=10.244.1.3 dst=10.244.1.6 sport=5300 dport=5353 [ASSURED] mark=0 use=1',
  'udp      17 20 src=192.0.2.9 dst=192.0.2.1 sport=4000 dport=30053 [UNREPLIED] ' +
    'src=192.0.2.1 dst=192.0.2.9 sport=30053 dport=4000 mark=0 use=1',
  'udp      17 20 src=192.0.2.9 dst=192.0.2.1 sport=4000 dport=68 src=192.0.2.1 dst=192.0.2.9 sport=68 dport=4000',
  '',
].join('\n')
const frontend = (address: string | undefined, port: number, ...endpoints: string[]): UDPFrontend => ({
  family: 'IPv4',
  address,
  port,
  endpoints: new Set(endpoints),
})

test('Flows are read with where they were sent and who answers', () => {
  expect(parseFlows(listing)).toEqual([
    { address: '10.96.0.10', port: 53, answerAddress: '10.244.1.2', answerPort: 5300 },
    { address: '10.96.0.10', port: 53, answerAddress: '10.244.1.3', answerPort: 5300 },
    { address: '192.0.2.1', port: 30053, answerAddress: '192.0.2.1', answerPort: 30053 },
    { address: '192.0.2.1', port: 68, answerAddress: '192.0.2.1', answerPort: 68 },
  ])
})

test('Stale are flows to a frontend that lead to none of its endpoints, through a node port too', () => {
  const flows = parseFlows(listing + listing)
  const stale = planFlush(flows, [
    frontend('10.96.0.10', 53, '10.244.1.3 5300'),
    frontend(undefined, 30053, '10.244.1.3 5300'),
  ])
  expect(stale.map(({ address, answerAddress }) => `${address} ${answerAddress}`)).toEqual([
    '10.96.0.10 10.244.1.2',
    '192.0.2.1 192.0.2.1',
  ])
})

describe('changedFrontends', () => {
  const one = frontend('10.96.0.10', 53, 'a 1')
  test.each<[string, UDPFrontend[], UDPFrontend[], UDPFrontend[]]>([
    ['nothing changed', [one], [one], []],
    ['an endpoint more', [one], [frontend('10.96.0.10', 53, 'a 1', 'b 1')], []],
    ['an endpoint less', [frontend('10.96.0.10', 53, 'a 1', 'b 1')], [one], [one]],
    ['the first endpoint', [frontend('10.96.0.10', 53)], [one], [one]],
    ['a new frontend', [], [one], [one]],
    ['a new frontend without endpoints', [], [frontend('10.96.0.10', 53)], []],
    ['a frontend less', [one], [], [frontend('10.96.0.10', 53)]],
  ])('%s', (_, previous, next, expected) => {
    expect(changedFrontends(previous, next)).toEqual(expected)
  })
})

test('One listing per family concerned, one deletion per stale way, which may be gone by then', async () => {
  const exec = new FakeExec({
    conntrack: args =>
      args[0] === '-L' ? listing : { exitCode: 1, stderr: '0 flow entries have been deleted.' },
  })
  const frontends = [frontend('10.96.0.10', 53, '10.244.1.3 5300')]
  expect(await flushFlows(exec, ['IPv6', 'IPv4'], frontends)).toBe(1)
  expect(exec.commands).toEqual([
    'conntrack -L -p udp -f ipv4',
    'conntrack -D -p udp -f ipv4 --orig-dst 10.96.0.10 --orig-port-dst 53 ' +
      '--reply-src 10.244.1.2 --reply-port-src 5300',
  ])
  const broken = new FakeExec({ conntrack: () => ({ exitCode: 2, stderr: 'no such table' }) })
  await expect(flushFlows(broken, ['IPv4'], frontends)).rejects.toThrow('no such table')
})
