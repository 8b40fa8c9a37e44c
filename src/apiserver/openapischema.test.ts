import { expect, test } from 'vitest'
import { type DescribedDefinition, definitionSchema, referencesOf, toV3 } from './openapischema.ts'

const leaf = (name: string) => ({ kind: 'leaf', leaf: name }) as const
const definition: DescribedDefinition = {
  type: 'Widget',
  name: 'io.example.v1.Widget',
  group: 'example.io',
  version: 'v1',
  kind: 'Widget',
  isKind: true,
  isAtomic: false,
  description: 'Widget is a widget.',
  fields: [
    { name: 'size', type: leaf('int32'), required: true, description: 'How large.' },
    { name: 'at', type: leaf('time'), required: false, description: '' },
    { name: 'target', type: leaf('intOrString'), required: false, description: 'Where to.' },
    { name: 'labels', type: { kind: 'map', of: leaf('string') }, required: false, description: '' },
    {
      name: 'parts',
      type: { kind: 'list', of: { kind: 'reference', type: 'Part' } },
      required: false,
      description: '',
      merge: { listType: 'map', listKeys: ['name'], strategies: ['merge'], mergeKey: 'name' },
    },
    { name: 'anything', type: leaf('any'), required: false, description: '' },
  ],
}
const kinds = [{ group: 'example.io', kind: 'Widget', version: 'v1' }]
const meta = '#/definitions/io.k8s.apimachinery.pkg'

const schema = definitionSchema(definition, type => `io.example.v1.${type}`, kinds)

test('definitionSchema() writes a definition as kube-openapi does', () => {
  expect(schema).toEqual({
    description: 'Widget is a widget.',
    type: 'object',
    required: ['size'],
    properties: {
      size: { description: 'How large.', type: 'integer', format: 'int32' },
      at: { $ref: `${meta}.apis.meta.v1.Time` },
      target: { description: 'Where to.', $ref: `${meta}.util.intstr.IntOrString` },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      parts: {
        type: 'array',
        items: { $ref: '#/definitions/io.example.v1.Part' },
        'x-kubernetes-list-map-keys': ['name'],
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-patch-merge-key': 'name',
        'x-kubernetes-patch-strategy': 'merge',
      },
      anything: { $ref: `${meta}.runtime.RawExtension` },
    },
    'x-kubernetes-group-version-kind': kinds,
  })
})

test('toV3() lets nothing stand beside a reference', () => {
  const { properties } = toV3(schema)
  expect(properties?.target).toEqual({
    description: 'Where to.',
    allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString' }],
  })
  expect(properties?.parts?.items).toEqual({ allOf: [{ $ref: '#/components/schemas/io.example.v1.Part' }] })
  expect(toV3({ type: 'string', format: 'int-or-string' })).toEqual({
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  })
})

test('referencesOf() finds what a schema needs, at any depth', () => {
  expect(referencesOf(schema).filter(name => name.startsWith('io.example'))).toEqual(['io.example.v1.Part'])
})
