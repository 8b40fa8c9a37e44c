// The published JSON schema as the tests use it: an independent validator, and no tolerance.
import { readFileSync } from 'node:fs'
import Ajv2020 from 'ajv/dist/2020.js'

export const schema = JSON.parse(
  readFileSync(new URL('../../../docs/verify.schema.json', import.meta.url), 'utf8'),
)

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
/** What is wrong with a report, as the published schema sees it; nothing when it is right. */
export const problems = (report: unknown) => (validate(report) ? [] : validate.errors)
