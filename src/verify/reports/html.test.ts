import { describe, expect, test } from 'vitest'
import { languages } from '../text.ts'
import { renderHTML } from './html.ts'
import {
  dualStackReport,
  healthyReport,
  interruptedReport,
  largeReport,
  singleStackReport,
  unreachableReport,
} from './report.fake.ts'

const page = renderHTML(dualStackReport, { language: 'en' })
const everyReport = [
  dualStackReport,
  healthyReport,
  singleStackReport(['IPv4'], ['IPv4', 'IPv6']),
  singleStackReport(['IPv6']),
  interruptedReport,
  unreachableReport,
  largeReport(50),
]
const open = new Set(['meta', 'br', 'input', '!doctype'])

/** The elements that are not closed in the order in which they were opened. */
function unbalanced(text: string): string[] {
  const stack: string[] = []
  const wrong: string[] = []
  const body = text.replace(/<style>[\s\S]*?<\/style>/, '')
  for (const [, slash, name, , selfClosing] of body.matchAll(/<(\/?)([a-z!][a-z0-9]*)([^>]*?)(\/?)>/gi)) {
    if (open.has(name!.toLowerCase()) || selfClosing === '/') continue
    if (slash !== '/') stack.push(name!)
    else if (stack.pop() !== name) wrong.push(name!)
  }
  return [...wrong, ...stack]
}

test('every report is well-formed in every language, without script or request', () => {
  for (const report of everyReport) {
    for (const language of languages) {
      const text = renderHTML(report, { language })
      expect(unbalanced(text)).toEqual([])
      expect(text).toContain(`<html lang="${language}">`)
      expect(text).not.toMatch(/<script|<link|<img|src=|@import|\son\w+=/)
      expect(text).toContain('default-src &#39;none&#39;; style-src')
      expect(text).not.toMatch(/undefined|\[object/)
    }
  }
})

test('every check is there once, under its id, with its evidence', () => {
  for (const { id } of dualStackReport.checks) expect(page.split(` id="${id}"`)).toHaveLength(2)
  expect(page).toContain('node1: fd00:10:244::/64, node2: fd00:10:244:1::/64')
  expect(page).toContain('<a href="#NODE-04">NODE-04</a>')
})

test('the time is readable', () => {
  expect(page).toContain('<time datetime="2026-11-25T09:30:00Z">2026-11-25 09:30:00 UTC</time>')
})

test('what comes from the cluster cannot break out', () => {
  expect(page).toContain('default/allow-egress &lt;b&gt;&amp;&quot;quoted&quot;&lt;/b&gt;')
  expect(page).not.toContain('allow-egress <b>')
})

describe('filters', () => {
  test('offer each outcome that occurs, with how often', () => {
    const options = [...page.matchAll(/<label for="show-(\w+)">([^<]+)</g)].map(match => match[2])
    expect(options).toEqual([
      'All 15',
      'Failures 2',
      'Warnings 1',
      'Not evaluable (n/e) 2',
      'Skipped 4',
      'Passed 11',
    ])
  })

  test('find a check by each of its outcomes', () => {
    expect(page).toContain('data-outcomes="pass fail"')
    expect(page).toContain('body:has(#show-fail:checked)')
  })
})

test('the reachability of each family and protocol is a picture and words', () => {
  expect(page.match(/<svg role="img"/g)).toHaveLength(4)
  expect(page).toContain('<b>IPv6 UDP</b> · reached 2, not reached 2')
  expect(page).toContain('<li><span class="value">node1 → node2: not reached, no answer</span></li>')
  expect(renderHTML(singleStackReport(['IPv6']), { language: 'en' })).not.toContain('<svg')
})

test('a run that could not begin says why', () => {
  const text = renderHTML(unreachableReport, { language: 'en' })
  expect(text).toContain('<h1>The cluster could not be checked: connect ECONNREFUSED [::1]:6443.</h1>')
  expect(text).not.toContain('<fieldset')
})

test('Japanese reports have no English captions', () => {
  const text = renderHTML(dualStackReport, { language: 'ja' })
  for (const word of ['What to change', 'Every check', 'observed', 'Passed', 'Skipped']) {
    expect(text).not.toContain(word)
  }
})

test('fifty nodes make a file that can be mailed', () => {
  expect(renderHTML(largeReport(50), { language: 'en' }).length).toBeLessThan(300_000)
})
