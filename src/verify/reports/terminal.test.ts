import { describe, expect, test } from 'vitest'
import { languages } from '../text.ts'
import {
  dualStackReport,
  healthyReport,
  interruptedReport,
  singleStackReport,
  unreachableReport,
} from './report.fake.ts'
import { renderTerminal } from './terminal.ts'
import { widthOf } from './width.ts'

const render = (report = dualStackReport, width = 84) =>
  renderTerminal(report, { language: 'en', width, color: false })
const everyReport = [
  dualStackReport,
  healthyReport,
  singleStackReport(['IPv4'], ['IPv4', 'IPv6']),
  singleStackReport(['IPv6']),
  interruptedReport,
  unreachableReport,
]

describe('the table', () => {
  test('has a row per check and a column per family, primary first', () => {
    const text = render()
    expect(text).toContain(
      'Nodes                                                               IPv4    IPv6\n' +
        '  NODE-01  Every node has one Pod range per family                  ✓ pass  ✓ pass\n' +
        '  NODE-04  Every node has an InternalIP of each family              ✓ pass  ✗ FAIL\n',
    )
    const reversed = { ...dualStackReport.cluster, expected: ['IPv6', 'IPv4'] as const }
    expect(render({ ...dualStackReport, cluster: reversed })).toContain('✗ FAIL  ✓ pass\n')
  })

  test('lines up Japanese', () => {
    const lines = renderTerminal(dualStackReport, { language: 'ja', width: 84, color: false }).split('\n')
    const starts = lines
      .filter(line => /✓ 合格 +✓ 合格$/.test(line))
      .map(line => widthOf(line.slice(0, line.indexOf('✓'))))
    expect(starts).toEqual([60, 60, 60, 60, 60, 60])
  })

  test('puts titles on lines of their own on a narrow terminal', () => {
    expect(render(dualStackReport, 40)).toContain(
      '  NODE-04  ✓ pass  ✗ FAIL\n    Every node has an InternalIP of each\n    family\n',
    )
  })
})

test('with evidence, it says what was seen where a check passed', () => {
  const text = renderTerminal(dualStackReport, { language: 'en', width: 84, color: false, evidence: true })
  expect(text).toContain(
    '  PRE-03   The cluster gives Services addresses of both families    ✓ pass  ✓ pass\n' +
      '           IPv4, IPv6: 10.96.0.0/16, fd00:10:96::/112\n',
  )
  expect(text).toContain(
    '           IPv4: 10.244.0.4, 10.244.1.7\n           IPv6: fd00:10:244::4, fd00:10:244:1::7\n',
  )
  expect(render()).not.toContain('10.244.1.7')
})

test('findings come last and say what to change', () => {
  const text = render()
  expect(text).toContain(`
  ✗ NODE-04  Every node has an InternalIP of each family
    IPv6 · blocker
    observed      node2: 172.18.0.3
    expected      at least one InternalIP of each family on every node
    likely cause  The kubelet was told one address only, or the cloud provider
                  reports one only
    change        Start the kubelet of node2 with \`--node-ip=172.18.0.3,<its IPv6
                  address>\` and restart it
`)
  expect(text.indexOf('Warnings')).toBeLessThan(text.indexOf('Failures'))
  expect(text.indexOf('Skipped')).toBeLessThan(text.indexOf('Warnings'))
  expect(text.trimEnd().split('\n').at(-1)).toContain('2 cannot be judged')
})

test('reasons are grouped', () => {
  expect(render()).toContain(
    'Skipped\n  - It runs with the profile full, which was not asked for\n      NODE-09\n' +
      '  - It creates objects, and --read-only forbids that\n      POD-02 POD-10\n' +
      '  - This machine has no IPv6 address\n      IPv6: SVC-12\n',
  )
})

test('a run without any check says why in place of a table', () => {
  expect(render(unreachableReport).split('\n').slice(-2)).toEqual([
    'The cluster could not be checked: connect ECONNREFUSED [::1]:6443.',
    '',
  ])
})

describe('lines', () => {
  const fits = (text: string, width: number) =>
    text.split('\n').filter(line => widthOf(line) > width && line.trim().includes(' '))

  test.each([60, 80, 100, 200])('are no longer than a terminal of %i columns', width => {
    for (const report of everyReport) {
      for (const language of languages) {
        expect(fits(renderTerminal(report, { language, width, color: true }), width)).toEqual([])
      }
    }
  })

  test('have no trailing spaces and, without colour, no escape sequences', () => {
    for (const report of everyReport) {
      for (const language of languages) {
        const text = renderTerminal(report, { language, width: 80, color: false })
        expect(text).not.toMatch(/ \n/)
        expect(text).not.toContain('\u001b')
      }
    }
  })

  test('with colour say the same', () => {
    const colored = renderTerminal(dualStackReport, { language: 'en', width: 84, color: true })
    expect(colored).toContain('\u001b[1;31m✗ FAIL')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin so
    const bare = colored.replace(/\u001b\[[0-9;]*m/g, '').replace(/ +\n/g, '\n')
    expect(bare).toBe(render())
  })
})
