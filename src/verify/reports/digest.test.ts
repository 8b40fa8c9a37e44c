import { describe, expect, test } from 'vitest'
import { familyOrders } from '../../ip/family.ts'
import { pass, skip } from '../verdict.ts'
import {
  countChecks,
  evidenceOf,
  findingsOf,
  headline,
  outcomeOf,
  reasonsOf,
  shortenIds,
  shownFamilies,
} from './digest.ts'
import {
  dualStackReport,
  healthyReport,
  interruptedReport,
  reportOf,
  singleStackReport,
  unreachableReport,
} from './report.fake.ts'

const [first] = dualStackReport.checks

test('shortenIds() names runs of three and more by their ends', () => {
  expect(shortenIds(['POD-01', 'POD-02', 'POD-03', 'POD-07', 'POD-08', 'SVC-01'])).toEqual([
    'POD-01..03',
    'POD-07',
    'POD-08',
    'SVC-01',
  ])
  expect(shortenIds(['SVC-09', 'SVC-10', 'SVC-11'])).toEqual(['SVC-09..11'])
  expect(shortenIds(['custom', 'custom2'])).toEqual(['custom', 'custom2'])
  expect(shortenIds([])).toEqual([])
})

describe('a check as a whole', () => {
  const nothing = skip({ en: 'x', ja: 'x' })

  test('is its worst verdict about the expected families', () => {
    const check = { ...first!, families: { IPv4: pass('x'), IPv6: nothing } }
    expect(outcomeOf(check, ['IPv4', 'IPv6'])).toBe('skip')
    expect(outcomeOf(check, ['IPv4'])).toBe('pass')
    expect(outcomeOf(check, ['IPv6'])).toBe('skip')
  })

  test('is what there is, when it speaks of another family only', () => {
    expect(outcomeOf({ ...first!, families: { IPv4: pass('x') } }, ['IPv6'])).toBe('pass')
    expect(outcomeOf({ ...first!, families: {} }, ['IPv6'])).toBe('skip')
  })

  test('is counted once', () => {
    expect(countChecks(dualStackReport)).toEqual({ pass: 6, warn: 1, fail: 2, skip: 4, notEvaluable: 2 })
  })
})

test.each(familyOrders)('families %j stand first, in this order', (...families) => {
  const shown = shownFamilies(singleStackReport(families.slice(0, 1), families))
  expect(shown.slice(0, families.length)).toEqual(families)
  expect([...shown].sort()).toEqual(['IPv4', 'IPv6'])
})

test('findings come worst first, equal ones of both families once', () => {
  expect(findingsOf(dualStackReport, 'fail').map(({ check, families }) => [check.id, families])).toEqual([
    ['NODE-04', ['IPv6']],
    ['POD-09', ['IPv6']],
  ])
  const both = dualStackReport.checks.map(check => ({
    ...check,
    families: { IPv4: check.families.IPv6!, IPv6: check.families.IPv6! },
  }))
  expect(findingsOf(reportOf(both), 'warn').map(({ families }) => families)).toEqual([['IPv4', 'IPv6']])
})

test('evidence is told once for families that share it', () => {
  const check = { ...first!, families: { IPv4: pass('a'), IPv6: pass('a') } }
  expect(evidenceOf(check, ['IPv6', 'IPv4'])).toEqual([{ families: ['IPv6', 'IPv4'], evidence: 'a' }])
  const half = { ...check, families: { IPv4: skip({ en: 'x', ja: 'x' }), IPv6: pass('b') } }
  expect(evidenceOf(half, ['IPv4', 'IPv6'])).toEqual([{ families: ['IPv6'], evidence: 'b' }])
})

test('reasons are told once for all checks that share them', () => {
  const groups = reasonsOf(dualStackReport, 'skip').map(({ reason, entries }) => [reason.en, entries])
  expect(groups).toEqual([
    [
      'It runs with the profile full, which was not asked for',
      [{ families: ['IPv4', 'IPv6'], ids: ['NODE-09'] }],
    ],
    [
      'It creates objects, and --read-only forbids that',
      [{ families: ['IPv4', 'IPv6'], ids: ['POD-02', 'POD-10'] }],
    ],
    ['This machine has no IPv6 address', [{ families: ['IPv6'], ids: ['SVC-12'] }]],
  ])
})

describe('the verdict in a sentence', () => {
  test.each([
    [
      'healthy',
      healthyReport,
      'This cluster is dual-stack (IPv4, IPv6): 6 checks pass, 0 fail.',
      'このクラスターはデュアルスタック(IPv4、IPv6)です。合格6件、失敗0件。',
    ],
    [
      'one family broken',
      dualStackReport,
      'This cluster is configured as dual-stack (IPv4, IPv6), but IPv6 does not work throughout: ' +
        '6 checks pass, 2 fail, 1 warns, 2 cannot be judged, 4 were skipped.',
      'このクラスターはデュアルスタック(IPv4、IPv6)として設定されていますが、IPv6に重大な問題があります。' +
        '合格6件、失敗2件、警告1件、判定不能2件、スキップ4件。',
    ],
    [
      'single-stack where dual-stack is expected',
      singleStackReport(['IPv4'], ['IPv4', 'IPv6']),
      'This cluster is not dual-stack (its Services have IPv4 only): 1 check passes, 1 fails, 4 were skipped.',
      'このクラスターはデュアルスタックではありません(ServiceのファミリーはIPv4だけです)。合格1件、失敗1件、スキップ4件。',
    ],
    [
      'the other family',
      singleStackReport(['IPv6'], ['IPv4']),
      'This cluster has no IPv4 (its Services have IPv6 only): 1 check passes, 0 fail, 5 were skipped.',
      'このクラスターにはIPv4がありません(ServiceのファミリーはIPv6だけです)。合格1件、失敗0件、スキップ5件。',
    ],
    [
      'single-stack as expected',
      singleStackReport(['IPv6']),
      'This cluster is single-stack (IPv6): 6 checks pass, 0 fail.',
      'このクラスターはシングルスタック(IPv6)です。合格6件、失敗0件。',
    ],
    [
      'unreachable',
      unreachableReport,
      'The cluster could not be checked: connect ECONNREFUSED [::1]:6443.',
      'クラスターを検証できませんでした: connect ECONNREFUSED [::1]:6443',
    ],
    [
      'interrupted',
      interruptedReport,
      'The run was cut short (interrupted by SIGINT). This cluster is configured as dual-stack (IPv4, IPv6), ' +
        'but IPv6 does not work throughout: 3 checks pass, 1 fails.',
      '検証は途中で終わりました(interrupted by SIGINT)。このクラスターはデュアルスタック(IPv4、IPv6)として設定されていますが、' +
        'IPv6に重大な問題があります。合格3件、失敗1件。',
    ],
  ])('%s', (_, report, en, ja) => {
    expect(headline(report)).toEqual({ en, ja })
  })
})
