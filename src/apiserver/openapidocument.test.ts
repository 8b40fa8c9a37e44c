import { expect, test } from 'vitest'
import { readDefinitions } from '../../scripts/schema/definitions.ts'
import { resources } from '../api/resources/index.ts'
import { documentPath, openAPIDocument, openAPIV2, openAPIV3 } from './openapidocument.ts'
import { referencesOf } from './openapischema.ts'

const document = openAPIDocument({ definitions: readDefinitions(), resources, version: 'v1.36.0' })

test('Every reference of the document leads to a definition', () => {
  const missing = [...document.definitions.values()]
    .flatMap(referencesOf)
    .filter(name => !document.definitions.has(name))
  expect(missing).toEqual([])
  const results = document.paths.flatMap(({ operations }) =>
    Object.values(operations).flatMap(({ result }) => result ?? []),
  )
  expect(results.filter(name => !document.definitions.has(name))).toEqual([])
})

test('Version 2 has every path and kind', () => {
  const { paths, definitions } = openAPIV2(document) as {
    paths: Record<string, { patch?: { [name: string]: unknown } }>
    definitions: Record<string, { [name: string]: unknown }>
  }
  expect(paths['/api/v1/namespaces/{namespace}/pods/{name}']?.patch).toMatchObject({
    'x-kubernetes-group-version-kind': { group: '', kind: 'Pod', version: 'v1' },
  })
  expect(definitions['io.k8s.api.core.v1.Pod']?.['x-kubernetes-group-version-kind']).toEqual([
    { group: '', kind: 'Pod', version: 'v1' },
  ])
  const deleteOptions = definitions['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']
  expect(deleteOptions?.['x-kubernetes-group-version-kind']).toContainEqual({
    group: 'apps',
    kind: 'DeleteOptions',
    version: 'v1',
  })
})

test('A field that says nothing about itself is described by what it refers to', () => {
  const pod = document.definitions.get('io.k8s.api.core.v1.Pod')
  expect(pod?.properties?.spec?.description).toBe('PodSpec is a description of a pod.')
})

test('Version 3 has one document for each group version, with all that it refers to', () => {
  const documents = openAPIV3(document)
  expect([...documents.keys()].sort()).toEqual([...new Set(resources.map(documentPath))].sort())
  const apps = documents.get('apis/apps/v1') as { components: { schemas: Record<string, unknown> } }
  const names = Object.keys(apps.components.schemas)
  expect(names).toContain('io.k8s.api.core.v1.PodSpec')
  expect(names).not.toContain('io.k8s.api.core.v1.ConfigMap')
})
