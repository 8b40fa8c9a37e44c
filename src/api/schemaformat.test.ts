import { expect, test } from 'vitest'
import { formatSchema, indexSchema, type StoredSchema } from './schemaformat.ts'

const schema: StoredSchema = {
  Pod: { name: 'io.k8s.api.core.v1.Pod', group: '', fields: { spec: '@PodSpec ~' } },
  Deployment: { name: 'io.k8s.api.apps.v1.Deployment', group: 'apps', fields: {} },
  PodSpec: { name: 'io.k8s.api.core.v1.PodSpec', fields: { nodeName: 's ~' }, atomic: true },
}

test('A schema is read line by line, kinds by their group and version', () => {
  const { definitions, kinds } = indexSchema(formatSchema(schema))
  const parsed = [...definitions].map(([type, text]) => [type, JSON.parse(text)] as const)
  expect(Object.fromEntries(parsed)).toEqual(schema)
  expect([...kinds]).toEqual([
    ['/v1/Pod', 'Pod'],
    ['apps/v1/Deployment', 'Deployment'],
  ])
})
