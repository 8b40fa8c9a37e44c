// MutatingAdmissionPolicy: changes in CEL that objects get (KEP-3962).
import type { MutatingAdmissionPolicy } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { defaultMatch } from './validatingadmissionpolicy.ts'
import { formatParamKind, group } from './webhook.ts'

export const mutatingAdmissionPolicies = defineResource<MutatingAdmissionPolicy>({
  group,
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  resource: 'mutatingadmissionpolicies',
  categories: ['api-extensions'],
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Mutations', policy => policy.spec?.mutations?.length ?? 0, { type: 'integer' }),
    column('ParamKind', policy => formatParamKind(policy.spec?.paramKind)),
    ageColumn,
  ],
  default: ({ spec }) => {
    if (!spec) return
    spec.failurePolicy ??= 'Fail'
    spec.reinvocationPolicy ||= 'Never'
    defaultMatch(spec.matchConstraints)
  },
})
