// ValidatingAdmissionPolicy: rules in CEL that objects must keep (KEP-3488).
import type { MatchResources, ValidatingAdmissionPolicy } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { formatParamKind, group } from './webhook.ts'

export function defaultMatch(match: MatchResources | undefined): void {
  if (!match) return
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  for (const rule of match.resourceRules ?? []) rule.scope ??= '*'
}

export const validatingAdmissionPolicies = defineResource<ValidatingAdmissionPolicy>({
  group,
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  resource: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Validations', policy => policy.spec?.validations?.length ?? 0, { type: 'integer' }),
    column('ParamKind', policy => formatParamKind(policy.spec?.paramKind)),
    ageColumn,
  ],
  default: ({ spec }) => {
    if (!spec) return
    spec.failurePolicy ??= 'Fail'
    defaultMatch(spec.matchConstraints)
  },
})
