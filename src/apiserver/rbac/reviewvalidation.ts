// Whether a review of access asks a question that can be answered (upstream's pkg/apis/authorization/
// validation).
import { type FieldError, invalid, invalidValue, required } from '../../api/fields.ts'
import type { LocalSubjectAccessReview, SubjectAccessReviewSpec } from '../../api/generated/types.ts'
import { sameValue } from '../../api/meta/objectmeta.ts'
import type { KubeObject } from '../../api/object.ts'

export type Asked = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>

interface Selector {
  readonly rawSelector?: string
  readonly requirements?: readonly unknown[]
}

/** What is said of a list that is narrowed (KEP-4601): as text or as requirements. */
function validateSelector(selector: Selector | undefined, field: string): FieldError[] {
  if (!selector) return []
  const { rawSelector = '', requirements = [] } = selector
  if (rawSelector !== '' && requirements.length > 0) {
    return [
      invalidValue(`${field}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'),
    ]
  }
  if (rawSelector !== '' || requirements.length > 0) return []
  const why = `when ${field} is specified, requirements or rawSelector is required`
  return [required(`${field}.requirements`, why)]
}

function validateAttributes({ resourceAttributes, nonResourceAttributes }: Asked): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    const why = 'cannot be specified in combination with resourceAttributes'
    return [invalidValue('spec.nonResourceAttributes', nonResourceAttributes, why)]
  }
  if (nonResourceAttributes) return []
  if (resourceAttributes) {
    const { fieldSelector, labelSelector } = resourceAttributes
    return [
      ...validateSelector(fieldSelector, 'spec.resourceAttributes.fieldSelector'),
      ...validateSelector(labelSelector, 'spec.resourceAttributes.labelSelector'),
    ]
  }
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  return [invalidValue('spec.resourceAttributes', undefined, why)]
}

function validateSubject({ user = '', groups = [] }: SubjectAccessReviewSpec): FieldError[] {
  if (user !== '' || groups.length > 0) return []
  return [invalidValue('spec.user', '', 'at least one of user or group must be specified')]
}

/** A review has no name and no labels: it is never kept. */
function validateMetadata({ metadata }: KubeObject, isLocal: boolean): FieldError[] {
  const { creationTimestamp: _, managedFields: __, namespace, ...rest } = metadata
  const others = isLocal || !namespace ? rest : { ...rest, namespace }
  if (Object.values(others).every(value => value === undefined || value === '' || sameValue(value, {})))
    return []
  return [invalidValue('metadata', others, isLocal ? 'must be empty except for namespace' : 'must be empty')]
}

function validateLocal({ spec }: LocalSubjectAccessReview, namespace: string): FieldError[] {
  const asked = spec.resourceAttributes
  const isElsewhere = asked && (asked.namespace ?? '') !== namespace
  const { nonResourceAttributes: path } = spec
  return [
    ...(isElsewhere
      ? [
          invalidValue(
            'spec.resourceAttributes.namespace',
            asked.namespace ?? '',
            'must match metadata.namespace',
          ),
        ]
      : []),
    ...(path ? [invalidValue('spec.nonResourceAttributes', path, 'disallowed on this kind of request')] : []),
  ]
}

const group = 'authorization.k8s.io'

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group, resource: `${kind.toLowerCase()}s`, kind }, '', errors)
}

/** These throw Invalid. */
export function checkSelfReview(object: KubeObject, spec: Asked): void {
  refuse('SelfSubjectAccessReview', [...validateAttributes(spec), ...validateMetadata(object, false)])
}

export function checkReview(object: KubeObject, spec: SubjectAccessReviewSpec): void {
  refuse('SubjectAccessReview', [
    ...validateAttributes(spec),
    ...validateSubject(spec),
    ...validateMetadata(object, false),
  ])
}

export function checkLocalReview(object: LocalSubjectAccessReview, namespace: string): void {
  refuse('LocalSubjectAccessReview', [
    ...validateAttributes(object.spec),
    ...validateSubject(object.spec),
    ...validateMetadata(object as KubeObject, true),
    ...validateLocal(object, namespace),
  ])
}
