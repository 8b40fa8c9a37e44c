// What RoleBinding and ClusterRoleBinding have in common (pkg/apis/rbac).
import { type FieldError, invalidValue, notSupported, required } from '../../fields.ts'
import type { RbacV1Subject, RoleRef } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import type { KubeObject } from '../../object.ts'
import { type Column, column } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

export const group = 'rbac.authorization.k8s.io'

export interface AnyBinding extends KubeObject {
  roleRef: RoleRef
  subjects?: RbacV1Subject[]
}

export function defaultBinding({ roleRef, subjects }: AnyBinding): void {
  if (roleRef) roleRef.apiGroup ||= group
  for (const subject of subjects ?? []) {
    if (subject.kind !== 'ServiceAccount') subject.apiGroup ||= group
  }
}

export function validateBinding({ roleRef, subjects }: AnyBinding, kinds: readonly string[]): FieldError[] {
  const known = ['ServiceAccount', 'User', 'Group']
  return [
    ...(roleRef.apiGroup === group ? [] : [notSupported('roleRef.apiGroup', roleRef.apiGroup, [group])]),
    ...(kinds.includes(roleRef.kind) ? [] : [notSupported('roleRef.kind', roleRef.kind, kinds)]),
    ...(roleRef.name ? [] : [required('roleRef.name')]),
    ...(subjects ?? []).flatMap((subject, index) => [
      ...(subject.name ? [] : [required(`subjects[${index}].name`)]),
      ...(known.includes(subject.kind) ? [] : [notSupported(`subjects[${index}].kind`, subject.kind, known)]),
    ]),
  ]
}

export function validateBindingUpdate({ roleRef }: AnyBinding, previous: AnyBinding): FieldError[] {
  const isSame = (['apiGroup', 'kind', 'name'] as const).every(
    field => roleRef[field] === previous.roleRef[field],
  )
  return isSame ? [] : [invalidValue('roleRef', roleRef, 'cannot change roleRef')]
}

const subjectsOf = (kind: string, format: (subject: RbacV1Subject) => string) => (binding: AnyBinding) =>
  (binding.subjects ?? [])
    .filter(subject => subject.kind === kind)
    .map(format)
    .join(', ')

export const bindingColumns: Column<AnyBinding>[] = [
  nameColumn,
  column('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  column(
    'Users',
    subjectsOf('User', ({ name }) => name),
    { wide: true },
  ),
  column(
    'Groups',
    subjectsOf('Group', ({ name }) => name),
    { wide: true },
  ),
  column(
    'ServiceAccounts',
    subjectsOf('ServiceAccount', ({ namespace, name }) => `${namespace ?? ''}/${name}`),
    { wide: true },
  ),
]
