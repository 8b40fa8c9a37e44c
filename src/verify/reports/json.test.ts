import { describe, expect, test } from 'vitest'
import { profiles, sections, severities } from '../check.ts'
import type { Report } from '../report.ts'
import { outcomes } from '../verdict.ts'
import { renderJSON } from './json.ts'
import {
  dualStackReport,
  healthyReport,
  interruptedReport,
  largeReport,
  singleStackReport,
  unreachableReport,
} from './report.fake.ts'
import { problems, schema } from './reportschema.fake.ts'

test.each<[string, Report]>([
  ['dual-stack', dualStackReport],
  ['healthy', healthyReport],
  ['IPv4 alone', singleStackReport(['IPv4'])],
  ['IPv6 alone, both expected', singleStackReport(['IPv6'], ['IPv6', 'IPv4'])],
  ['unreachable', unreachableReport],
  ['interrupted', interruptedReport],
  ['large', largeReport(50)],
])('the report %s is as the published schema says, and nothing more', (_, report) => {
  const written = JSON.parse(renderJSON(report))
  expect(problems(written)).toEqual([])
  expect(written).toEqual(report)
})

describe('the schema', () => {
  test('knows every section, severity, profile and outcome', () => {
    expect(schema.$defs.check.properties.section.enum).toEqual(sections)
    expect(schema.$defs.check.properties.severity.enum).toEqual(severities)
    expect(schema.properties.profile.enum).toEqual(profiles)
    expect(schema.properties.summary.required.toSorted()).toEqual(outcomes.toSorted())
  })

  test('refuses what is not a report', () => {
    expect(problems({ ...dualStackReport, exitCode: 3 })).toHaveLength(1)
    expect(problems({ ...dualStackReport, checks: [{ id: 'X' }] })).not.toEqual([])
    const [check] = dualStackReport.checks
    const wrong = { ...check, families: { IPv5: { outcome: 'pass', evidence: 'x' } } }
    expect(problems({ ...dualStackReport, checks: [wrong] })).not.toEqual([])
  })
})
