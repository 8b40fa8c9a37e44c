import { describe, expect, test } from 'vitest'
import { escapeXML, renderJUnit } from './junit.ts'
import {
  dualStackReport,
  healthyReport,
  interruptedReport,
  singleStackReport,
  unreachableReport,
} from './report.fake.ts'

const render = (report = dualStackReport, language: 'en' | 'ja' = 'en') => renderJUnit(report, { language })

test('escapeXML() leaves nothing that XML 1.0 forbids', () => {
  expect(escapeXML('a<b>&"c"\u0000\u001b[31m\ud800\uffff\r\n\tд')).toBe(
    'a&lt;b&gt;&amp;&quot;c&quot;\ufffd\ufffd[31m\ufffd\ufffd&#13;\n\tд',
  )
})

test('a suite per section, a case per check and family', () => {
  const text = render()
  expect(
    [...text.matchAll(/<testsuite name="([^"]+)" tests="(\d+)" failures="(\d+)"/g)].map(m => m.slice(1)),
  ).toEqual([
    ['Before you begin', '4', '0'],
    ['Nodes', '6', '1'],
    ['Pods', '10', '1'],
    ['Services', '6', '0'],
    ['Load balancers', '2', '0'],
    ['DNS, egress, policies, workloads', '2', '0'],
  ])
  expect(text).toContain('tests="30" failures="2" errors="0" skipped="10"')
  expect(text).toContain(
    '<testcase classname="futago.verify.nodes" name="NODE-04 IPv4: Every node has an InternalIP of each family"',
  )
})

describe('a case', () => {
  test('that failed says what was observed, expected, the cause and the remedy', () => {
    expect(render()).toContain(
      '<failure type="blocker" message="node2: 172.18.0.3 (expected: at least one InternalIP of each family on ' +
        'every node)">observed: node2: 172.18.0.3\nexpected: at least one InternalIP of each family on every node\n' +
        'likely cause: The kubelet was told one address only, or the cloud provider reports one only\n' +
        'change: Start the kubelet of node2 with `--node-ip=172.18.0.3,&lt;its IPv6 address&gt;` and restart it</failure>',
    )
  })

  test('that was left out says which way and why', () => {
    expect(render()).toContain('<skipped message="Skipped: This machine has no IPv6 address"/>')
    expect(render()).toContain(
      '<skipped message="Not evaluable (n/e): Nothing in the cluster gives load balancers an address"/>',
    )
    expect(render(dualStackReport, 'ja')).toContain(
      '<skipped message="スキップ: このマシンにはIPv6アドレスがありません"/>',
    )
  })

  test('with a warning passed, and has it as its output', () => {
    expect(render()).toContain('<system-out>Warnings\nobserved: default/allow-egress &lt;b&gt;')
  })

  test('keeps line breaks in attributes', () => {
    expect(render()).toContain(
      'message="node1 → node2 UDP: no answer&#10;node2 → node1 UDP: no answer (expected',
    )
  })
})

test('a run that was cut short is an error', () => {
  for (const report of [interruptedReport, unreachableReport]) {
    expect(render(report)).toContain(`<error type="interrupted" message="${report.interrupted}"/>`)
    expect(render(report)).toContain('errors="1"')
  }
  for (const report of [healthyReport, singleStackReport(['IPv6'])]) {
    expect(render(report)).not.toContain('<error')
  }
})
