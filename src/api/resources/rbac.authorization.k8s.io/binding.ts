// What RoleBinding and ClusterRoleBinding have in common (pkg/apis/rbac).
import { type FieldError, invalidValue, notSupported, required } from '../../fields.ts'
import type { RbacV1Subject, RoleRef } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { dns1123Subdomain, pathSegment } from '../../meta/names.ts'
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

const groupOf: Readonly<Record<string, string>> = { ServiceAccount: '', User: group, Group: group }

function validateSubject(subject: RbacV1Subject, field: string, needsNamespace: boolean): FieldError[] {
  const { kind, name, namespace, apiGroup = '' } = subject
  if (!name) return [required(`${field}.name`)]
  const expected = groupOf[kind]
  if (expected === undefined) return [notSupported(`${field}.kind`, kind, Object.keys(groupOf))]
  const isAccount = kind === 'ServiceAccount'
  return [
    ...(isAccount ? dns1123Subdomain(name).map(why => invalidValue(`${field}.name`, name, why)) : []),
    ...(apiGroup === expected ? [] : [notSupported(`${field}.apiGroup`, apiGroup, [expected])]),
    ...(isAccount && needsNamespace && !namespace ? [required(`${field}.namespace`)] : []),
  ]
}

function validateRoleRef({ apiGroup, kind = '', name }: RoleRef, kinds: readonly string[]): FieldError[] {
  return [
    ...(apiGroup === group ? [] : [notSupported('roleRef.apiGroup', apiGroup, [group])]),
    ...(kinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, kinds)]),
    ...(name
      ? pathSegment(name).map(why => invalidValue('roleRef.name', name, why))
      : [required('roleRef.name')]),
  ]
}

/** `kinds` of roles; only in a namespace a binding may be to one of that. */
export function validateBinding({ roleRef, subjects }: AnyBinding, kinds: readonly string[]): FieldError[] {
  const needsNamespace = !kinds.includes('Role')
  return [
    ...validateRoleRef(roleRef, kinds),
    ...(subjects ?? []).flatMap((subject, index) =>
      validateSubject(subject, `subjects[${index}]`, needsNamespace),
    ),
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
