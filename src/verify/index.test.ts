import { expect, test } from 'vitest'
import { defineCheck, fail, forEachFamily, pass, sections, severities, verbatim } from './index.ts'

test('defineCheck() fills in what a check does not say', () => {
  const check = defineCheck({
    id: 'MY-01',
    title: verbatim('mine'),
    section: 'nodes',
    severity: 'low',
    profile: 'quick',
    run: async () => pass('seen'),
  })
  expect(check).toMatchObject({ needs: [], permissions: [], requires: [], timeoutMs: 30_000 })
})

test('forEachFamily() asks for each family in order', () => {
  const asked: string[] = []
  const verdicts = forEachFamily(['IPv6', 'IPv4'], family => {
    asked.push(family)
    return pass(family)
  })
  expect(asked).toEqual(['IPv6', 'IPv4'])
  expect(verdicts).toEqual({ IPv6: pass('IPv6'), IPv4: pass('IPv4') })
})

test('A finding says what, why and what to do', () => {
  const text = verbatim('x')
  expect(fail({ expected: text, observed: 'y', cause: text, remedy: text })).toEqual({
    outcome: 'fail',
    expected: text,
    observed: 'y',
    cause: text,
    remedy: text,
  })
  expect(sections[0]).toBe('preflight')
  expect(severities[0]).toBe('blocker')
})
