import { expect, test } from 'vitest'
import { readDefinitions } from './definitions.ts'
import { atomicStructs, fieldSet, mergeFacts, quantityFields } from './facts.ts'
import { embeddedFields, pointerFields } from './gofacts.ts'
import { readModels } from './models.ts'
import { readOperations } from './operations.ts'
import { fieldCode, mergeCode, structuralSchema } from './structural.ts'

const definitions = readDefinitions()
const fields = new Set(definitions.flatMap(({ type, fields }) => fields.map(({ name }) => `${type}.${name}`)))

test('The whole description of Kubernetes 1.36 is read', () => {
  const models = readModels()
  expect(models.length).toBe(757)
  expect(models.reduce((count, model) => count + model.fields.length, 0)).toBe(3137)
  expect(models.flatMap(model => model.fields.filter(field => field.required)).length).toBe(701)
  expect(readOperations().length).toBe(1040)
  expect(definitions.length).toBe(571)
})

test('Every fact kept by hand is about a field that exists', () => {
  const known = [mergeFacts().keys(), ...[quantityFields, pointerFields, embeddedFields].map(fieldSet)]
  expect(known.flatMap(names => [...names]).filter(name => !fields.has(name))).toEqual([])
  const types = new Set(definitions.map(definition => definition.type))
  expect([...atomicStructs].filter(name => !types.has(name))).toEqual([])
})

test('The facts kept by hand are complete in number', () => {
  const facts = [...mergeFacts().values()]
  expect(facts.filter(fact => fact.listType === 'map').length).toBe(59)
  expect(facts.filter(fact => fact.strategies.length > 0).length).toBe(58)
  expect(facts.filter(fact => fact.mergeKey).length).toBe(54)
  expect(fieldSet(quantityFields).size).toBe(41)
})

test('Every reference leads to a definition', () => {
  const schema = structuralSchema(definitions)
  const references = Object.values(schema).flatMap(({ fields }) =>
    Object.values(fields).flatMap(code => /@(\w+)/.exec(code)?.[1] ?? []),
  )
  expect(references.filter(type => !schema[type])).toEqual([])
})

test('Definitions have the names that upstream gives them', () => {
  const nameOf = (type: string) => definitions.find(definition => definition.type === type)?.name
  expect(nameOf('PodSpec')).toBe('io.k8s.api.core.v1.PodSpec')
  expect(nameOf('ObjectMeta')).toBe('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
  expect(nameOf('Scale')).toBe('io.k8s.api.autoscaling.v1.Scale')
  expect(nameOf('Eviction')).toBe('io.k8s.api.policy.v1.Eviction')
  expect(nameOf('V2MetricSpec')).toBe('io.k8s.api.autoscaling.v2.MetricSpec')
  expect(nameOf('JSONSchemaProps')).toBe(
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
  )
  expect(nameOf('APIService')).toBe('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService')
})

test('The structural schema is compact', () => {
  const { PodSpec, Container } = structuralSchema(definitions)
  expect(PodSpec?.fields).toMatchObject({
    containers: '[@Container !',
    nodeName: 's ~',
    overhead: '{q ~',
    priority: 'i',
  })
  expect(Container?.fields).toMatchObject({ resources: '@ResourceRequirements +', name: 's !' })
  expect(Container?.merge).toMatchObject({ ports: 'map:containerPort,protocol merge:containerPort' })
})

test('Codes are written as schemaformat.ts says', () => {
  const time = { kind: 'leaf', leaf: 'time' } as const
  const plain = { name: 'at', description: '', required: false, dropsEmpty: false, embedded: false }
  expect(fieldCode({ ...plain, type: time })).toBe('t')
  expect(fieldCode({ ...plain, required: true, type: { kind: 'map', of: time } })).toBe('{t !')
  expect(mergeCode({ listKeys: [], strategies: ['replace'] })).toBe('- replace')
})
