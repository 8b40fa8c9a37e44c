// MutatingAdmissionPolicyBinding: where a MutatingAdmissionPolicy holds.
import { required } from '../../fields.ts'
import type { MutatingAdmissionPolicyBinding } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { defaultMatch } from './validatingadmissionpolicy.ts'
import { formatParamRef, group } from './webhook.ts'

export const mutatingAdmissionPolicyBindings = defineResource<MutatingAdmissionPolicyBinding>({
  group,
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  resource: 'mutatingadmissionpolicybindings',
  categories: ['api-extensions'],
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('PolicyName', binding => binding.spec?.policyName ?? ''),
    column('ParamRef', binding => formatParamRef(binding.spec?.paramRef)),
    ageColumn,
  ],
  default: ({ spec }) => defaultMatch(spec?.matchResources),
  validate: ({ spec }) => (spec?.policyName ? [] : [required('spec.policyName')]),
})
