import { expect, test } from 'vitest'
import { loadSchema } from './schema.ts'

const schema = loadSchema()
const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' }

test('kind() finds definitions by group, version and kind', () => {
  expect(schema.kind(deployment)?.name).toBe('io.k8s.api.apps.v1.Deployment')
  expect(schema.kind({ group: '', version: 'v1', kind: 'Event' })?.type).toBe('CoreV1Event')
  expect(schema.kind({ group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' })?.type).toBe(
    'V2HorizontalPodAutoscaler',
  )
  expect(schema.kind({ group: 'apps', version: 'v1', kind: 'Pod' })).toBeUndefined()
  expect(schema.kind({ group: 'policy', version: 'v1', kind: 'DeleteOptions' })?.type).toBe('DeleteOptions')
})

test('A struct knows its fields', () => {
  const spec = schema.struct('PodSpec')!
  expect(spec.fields.get('containers')).toMatchObject({
    required: true,
    type: { code: '[', goType: '[]v1.Container', of: { code: '@' } },
  })
  expect(spec.fields.get('overhead')?.type.goType).toBe('map[string]resource.Quantity')
  expect(spec.fields.get('hostNetwork')).toMatchObject({ dropsEmpty: true })
  expect(spec.fields.get('automountServiceAccountToken')).toMatchObject({ dropsEmpty: false })
  expect(schema.struct('Deployment')?.embedded.map(field => field.name)).toEqual([
    'metadata',
    'spec',
    'status',
  ])
})

test('A struct knows how its fields merge', () => {
  expect(schema.struct('Container')?.merge('ports')).toEqual({
    listType: 'map',
    listKeys: ['containerPort', 'protocol'],
    strategies: ['merge'],
    mergeKey: 'containerPort',
  })
  expect(schema.struct('LabelSelector')?.isAtomic).toBe(true)
})

test('patchSchemaFor() describes strategic merge patches', () => {
  const patch = schema.patchSchemaFor(deployment)!
  const spec = patch.field('spec')!
  expect(spec).toMatchObject({ type: 'object', strategies: [] })
  expect(spec.fields?.field('strategy')?.strategies).toEqual(['retainKeys'])
  const podSpec = spec.fields?.field('template')?.fields?.field('spec')?.fields
  expect(podSpec?.field('volumes')).toMatchObject({
    type: 'array',
    strategies: ['merge', 'retainKeys'],
    mergeKey: 'name',
  })
  expect(podSpec?.field('containers')?.items?.field('args')).toEqual({ type: 'array', strategies: [] })
  expect(podSpec?.field('nodeSelector')).toEqual({ type: 'map', strategies: [] })
  expect(patch.field('nothing')).toBeUndefined()
})
