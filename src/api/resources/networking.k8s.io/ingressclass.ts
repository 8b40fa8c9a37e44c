// IngressClass: which controller serves an Ingress.
import { type FieldError, required } from '../../fields.ts'
import type { IngressClass } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function formatParameters({ spec }: IngressClass): string {
  const parameters = spec?.parameters
  if (!parameters) return '<none>'
  const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`
  return `${parameters.kind}${group}/${parameters.name}`
}

function validate({ spec }: IngressClass): FieldError[] {
  return spec?.controller ? [] : [required('spec.controller')]
}

export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  resource: 'ingressclasses',
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Controller', ingressClass => ingressClass.spec?.controller ?? ''),
    column('Parameters', formatParameters),
    ageColumn,
  ],
  default: ({ spec }) => {
    if (spec?.parameters) spec.parameters.scope ||= 'Cluster'
  },
  validate,
})
