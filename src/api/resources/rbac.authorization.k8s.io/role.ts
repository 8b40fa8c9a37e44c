// Role: what may be done in a namespace.
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type { PolicyRule, Role } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'
import { createdAtColumn, nameColumn } from '../columns.ts'
import { group } from './binding.ts'

interface Place {
  readonly field: string
  readonly isNamespaced: boolean
}

function validatePaths(rule: PolicyRule, { field, isNamespaced }: Place): FieldError[] {
  const { nonResourceURLs, apiGroups, resources, resourceNames } = rule
  const isAboutResources = [apiGroups, resources, resourceNames].some(list => list?.length)
  const mixed = 'rules cannot apply to both regular resources and non-resource URLs'
  const inside = 'namespaced rules cannot apply to non-resource URLs'
  return [...(isNamespaced ? [inside] : []), ...(isAboutResources ? [mixed] : [])].map(why =>
    invalidValue(`${field}.nonResourceURLs`, nonResourceURLs, why),
  )
}

export function validateRules(rules: readonly PolicyRule[] | undefined, isNamespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const field = `rules[${index}]`
    const errors = rule.verbs?.length
      ? []
      : [required(`${field}.verbs`, 'verbs must contain at least one value')]
    if (rule.nonResourceURLs?.length) return [...errors, ...validatePaths(rule, { field, isNamespaced })]
    return [
      ...errors,
      ...(rule.apiGroups?.length
        ? []
        : [required(`${field}.apiGroups`, 'resource rules must supply at least one api group')]),
      ...(rule.resources?.length
        ? []
        : [required(`${field}.resources`, 'resource rules must supply at least one resource')]),
    ]
  })
}

export const roles = defineResource<Role>({
  group,
  version: 'v1',
  kind: 'Role',
  resource: 'roles',
  namespaced: true,
  allowCreateOnUpdate: true,
  nameRule: 'pathSegment',
  columns: [nameColumn, createdAtColumn],
  validate: ({ rules }) => validateRules(rules, true),
})
