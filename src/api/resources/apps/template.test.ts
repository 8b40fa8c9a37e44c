import { expect, test } from 'vitest'
import { validateReplicaTemplate, validateSelector } from './template.ts'

test('a workload needs a template', () => {
  expect(validateReplicaTemplate(undefined, {}, 'spec.template')).toEqual([
    { reason: 'FieldValueRequired', field: 'spec.template', message: 'Required value' },
  ])
})

test('a selector that cannot be read is told once, without a match', () => {
  const selector = { matchExpressions: [{ key: 'a', operator: 'Is' }] }
  expect(validateSelector(selector, 's').map(error => error.field)).toEqual([
    's.matchExpressions[0].operator',
  ])
  const template = { metadata: {}, spec: { containers: [] } }
  const fields = validateReplicaTemplate(template, selector, 't').map(error => error.field)
  expect(fields).not.toContain('t.metadata.labels')
})
