import { readFileSync } from 'node:fs'
import Ajv2020 from 'ajv/dist/2020.js'
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

const schema = JSON.parse(readFileSync(new URL('../../../docs/verify.schema.json', import.meta.url), 'utf8'))

/** Also refuses what the schema does not describe: readers must accept additions, we must document them. */
function strict(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strict)
  if (typeof node !== 'object' || node === null) return node
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, strict(value)]))
  const describesObject = 'properties' in copy && copy.type === 'object'
  return describesObject ? { ...copy, additionalProperties: false } : copy
}

const ajv = new Ajv2020.default({
  allErrors: true,
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/ },
})
const validate = ajv.compile(strict(schema) as object)
const problems = (report: unknown) => (validate(report) ? [] : validate.errors)

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
