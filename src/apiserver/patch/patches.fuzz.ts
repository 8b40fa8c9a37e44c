import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { anyJSON, anyText, fuzz, heavyNames, orRefused } from '../../../test/fuzzing.ts'
import { loadSchema } from '../../api/schema.ts'
import { StatusError } from '../../api/status.ts'
import { jsonPatch } from './json.ts'
import { mergePatch } from './merge.ts'
import { strategicMergePatch } from './strategic.ts'

const deployment = {
  metadata: { name: 'web', labels: { app: 'web' }, finalizers: ['a/b'] },
  spec: {
    replicas: 2,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    template: {
      spec: { containers: [{ name: 'a', ports: [{ containerPort: 80 }] }, { name: 'b' }], volumes: [] },
    },
  },
}
const before = JSON.stringify(deployment)

const cleanNames = Object.getOwnPropertyNames(Object.prototype).join()
afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(cleanNames)
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(JSON.stringify(deployment)).toBe(before)
})

const token = fc.constantFrom(
  'metadata',
  'labels',
  'app',
  'spec',
  'template',
  'containers',
  '0',
  '-1',
  '-',
  'name',
  '~1',
  ...heavyNames,
)
const pointer = fc.oneof(
  fc.array(token, { maxLength: 5 }).map(parts => parts.map(part => `/${part}`).join('')),
  anyText,
)
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'constructor'),
    path: pointer,
    from: pointer,
    value: anyJSON,
  },
  { requiredKeys: ['op', 'path'] },
)

test('A JSON patch is applied or refused, and touches nothing but its own result', () => {
  fuzz(
    fc.property(fc.oneof(fc.array(operation, { maxLength: 6 }), anyJSON), patch => {
      const result = orRefused(() => jsonPatch(patch)(deployment), StatusError)
      if (result !== undefined) JSON.stringify(result)
    }),
    1500,
  )
})

const field = fc.constantFrom(
  'metadata',
  'labels',
  'spec',
  'template',
  'containers',
  'ports',
  'volumes',
  'name',
  'strategy',
  'finalizers',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  '$setElementOrder/',
  ...heavyNames,
)
const { patch: likely } = fc.letrec<{ patch: unknown; fields: Record<string, unknown> }>(tie => ({
  patch: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(null, 1, 'a', true, 'delete', 'replace', 'merge'),
    fc.array(tie('patch'), { maxLength: 3 }),
    tie('fields'),
  ),
  fields: fc
    .array(fc.tuple(field, tie('patch')), { maxLength: 4 })
    .map(entries =>
      JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`),
    ),
}))

test('A merge patch is applied or refused', () => {
  fuzz(
    fc.property(fc.oneof(likely, anyJSON), patch => {
      const apply = orRefused(() => mergePatch(patch), StatusError)
      if (!apply) return
      JSON.stringify(apply(apply(deployment)))
    }),
    1500,
  )
})

test('A strategic merge patch is applied or refused', () => {
  const schema = loadSchema().patchSchemaFor({ group: 'apps', version: 'v1', kind: 'Deployment' })
  fuzz(
    fc.property(fc.oneof(likely, anyJSON), fc.constantFrom(schema, undefined), (patch, of) => {
      const result = orRefused(() => strategicMergePatch(patch, of)(deployment), StatusError)
      if (result !== undefined) JSON.stringify(result)
    }),
    1500,
  )
})
