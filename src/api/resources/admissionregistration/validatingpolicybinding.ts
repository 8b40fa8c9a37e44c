// ValidatingAdmissionPolicyBinding: where a ValidatingAdmissionPolicy holds.
import { type FieldError, required } from '../../fields.ts'
import type { ValidatingAdmissionPolicyBinding } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { defaultMatch } from './validatingadmissionpolicy.ts'
import { formatParamRef, group } from './webhook.ts'

function validate({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  return [
    ...(spec?.policyName ? [] : [required('spec.policyName')]),
    ...(spec?.validationActions?.length ? [] : [required('spec.validationActions')]),
  ]
}

export const validatingAdmissionPolicyBindings = defineResource<ValidatingAdmissionPolicyBinding>({
  group,
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  resource: 'validatingadmissionpolicybindings',
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
  validate,
})
