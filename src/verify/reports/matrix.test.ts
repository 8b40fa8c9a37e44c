import { describe, expect, test } from 'vitest'
import type { Reachability } from '../report.ts'
import { describePair, renderMatrix } from './matrix.ts'
import { ringOf } from './report.fake.ts'

const tcp6 = (nodes: number, failing = (_: number) => false) =>
  ringOf(nodes, failing).filter(pair => pair.family === 'IPv6' && pair.protocol === 'UDP')
const render = (pairs: readonly Reachability[]) =>
  renderMatrix(pairs, { language: 'en', label: 'IPv6 UDP' }).text
const count = (text: string, part: string) => text.split(part).length - 1

test('every pair that was tried has its square, with a title that says it in words', () => {
  const text = render(tcp6(5, index => index === 1))
  expect(count(text, 'class="cell reached"')).toBe(13)
  expect(count(text, 'class="cell failed"')).toBe(2)
  expect(text).toContain('<title>node2 → node3: not reached, no answer</title>')
  expect(text).toContain('<title>node1 → node1: reached, 0.4 ms</title>')
  expect(text).toContain('role="img" aria-label="IPv6 UDP"')
})

test.each([2, 10, 25, 50])('%i nodes are in the order of their numbers and fit on a screen', nodes => {
  const text = render(tcp6(nodes))
  const labels = [...text.matchAll(/text-anchor="end">([^<]+)</g)].map(match => match[1])
  expect(labels).toEqual(Array.from({ length: nodes }, (_, index) => `node${index + 1}`))
  expect(Number(/ width="(\d+)"/.exec(text)![1])).toBeLessThan(800)
})

test('the picture grows with what was tried, not with the square of the nodes', () => {
  expect(render(tcp6(50)).length).toBeLessThan(60_000)
})

test('what all names end in is left out, and long names are cut', () => {
  const pair = (from: string, to: string): Reachability => ({
    from,
    to,
    family: 'IPv6',
    protocol: 'TCP',
    outcome: 'reached',
  })
  const text = render([pair('ip-10-0-1-23.eu-west-1.internal', 'ip-10-0-1-24.eu-west-1.internal')])
  expect(text).toContain('text-anchor="end">ip-10-0-1-23</text>')
  const long = render([pair('gke-cluster-default-pool-0123abcd-x1', 'b')])
  expect(long).toContain('>gke-cluster-default-poo…</text>')
})

describe('of several results for one pair', () => {
  test('the worst one is shown', () => {
    const [pair] = tcp6(2)
    const text = render([pair!, { ...pair!, outcome: 'failed' }, { ...pair!, outcome: 'notTried' }])
    expect(text).toContain('class="cell failed"')
    expect(text).not.toContain('class="cell reached"')
  })
})

test('describePair() is the same in words', () => {
  const pair = { from: 'a', to: 'b', family: 'IPv4', protocol: 'TCP', outcome: 'failed' } as const
  expect(describePair({ ...pair, detail: 'refused' }, 'ja')).toBe('a → b: 到達せず, refused')
  expect(describePair({ ...pair, outcome: 'reached', milliseconds: 12.4 }, 'en')).toBe(
    'a → b: reached, 12 ms',
  )
})
