import { expect, test } from 'vitest'
import { defineResource } from '../api/resource.ts'
import { resourcePaths } from './openapipaths.ts'

const deployments = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
  hasStatus: true,
  subresources: [
    { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'update'] },
  ],
})
const reviews = defineResource({
  group: '',
  version: 'v1',
  kind: 'Review',
  resource: 'reviews',
  namespaced: false,
  verbs: ['create'],
})
const definitionOf = ({ kind }: { kind: string }) => `io.example.${kind}`

test('A namespaced resource has paths for lists, objects and subresources', () => {
  const paths = resourcePaths(deployments, definitionOf)
  expect(paths.map(({ path, operations }) => [path, Object.keys(operations).sort().join(' ')])).toEqual([
    ['/apis/apps/v1/deployments', 'get'],
    ['/apis/apps/v1/namespaces/{namespace}/deployments', 'delete get post'],
    ['/apis/apps/v1/namespaces/{namespace}/deployments/{name}', 'delete get patch put'],
    ['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status', 'get patch put'],
    ['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale', 'get put'],
  ])
  expect(paths.at(-1)?.operations.get?.kind).toEqual({ group: 'autoscaling', kind: 'Scale', version: 'v1' })
})

test('PATCH takes the parameters that kubectl looks for', () => {
  const patch = resourcePaths(deployments, definitionOf)[2]?.operations.patch
  expect(patch?.operationId).toBe('patchAppsV1NamespacedDeployment')
  expect(patch?.kind).toEqual({ group: 'apps', kind: 'Deployment', version: 'v1' })
  expect(patch?.parameters.map(({ name }) => name)).toEqual([
    'body',
    'dryRun',
    'fieldManager',
    'fieldValidation',
    'force',
  ])
})

test('Only the verbs that a resource has are described', () => {
  const paths = resourcePaths(reviews, definitionOf)
  expect(paths.map(({ path, operations }) => [path, Object.keys(operations)])).toEqual([
    ['/api/v1/reviews', ['post']],
  ])
  expect(paths[0]?.operations.post).toMatchObject({ result: 'io.example.Review', tags: ['core_v1'] })
})
