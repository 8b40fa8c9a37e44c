// CustomResourceDefinition: a kind that users add to the API.
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type { CustomResourceDefinition } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { createdAtColumn, nameColumn } from '../columns.ts'

function defaultDefinition({ spec }: CustomResourceDefinition): void {
  const { names } = spec
  if (names) {
    names.singular ||= (names.kind ?? '').toLowerCase()
    names.listKind ||= names.kind ? `${names.kind}List` : ''
  }
  spec.conversion ??= { strategy: 'None' }
  const service = spec.conversion.webhook?.clientConfig?.service
  if (service) service.port ??= 443
}

function validate({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const expected = `${spec.names?.plural ?? ''}.${spec.group ?? ''}`
  return [
    ...(metadata.name === expected
      ? []
      : [invalidValue('metadata.name', metadata.name ?? '', 'must be spec.names.plural+"."+spec.group')]),
    ...(spec.group ? [] : [required('spec.group')]),
    ...(spec.scope ? [] : [required('spec.scope')]),
    ...(spec.versions?.length ? [] : [required('spec.versions', 'must have at least one version')]),
    ...(['plural', 'kind'] as const)
      .filter(name => !spec.names?.[name])
      .map(name => required(`spec.names.${name}`)),
  ]
}

export const customResourceDefinitions = defineResource<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  columns: [nameColumn, createdAtColumn],
  default: defaultDefinition,
  validate,
})
