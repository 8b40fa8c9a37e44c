// What is wrong with an object's metadata, on create and on update: names, labels, annotations, owners,
// finalizers, managed fields and what never changes. Follows apimachinery's
// pkg/api/validation/objectmeta.go.
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../fields.ts'
import type { LabelSelector, ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../generated/types.ts'
import { parseAPIVersion } from '../object.ts'
import type { NameRule } from '../resource.ts'
import { byteLength, checkName, labelValue, qualifiedName } from './names.ts'
import { comparison } from './samevalue.ts'

export const immutableText = 'field is immutable'
export const negativeText = 'must be greater than or equal to 0'
const annotationsLimit = 256 * 1024

export interface ObjectMetaRules {
  readonly namespaced: boolean
  readonly nameRule: NameRule
  /** Default `metadata`. */
  readonly field?: string
}

export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules): FieldError[] {
  const { namespaced, nameRule, field = 'metadata' } = rules
  const errors: FieldError[] = []
  if (meta.generateName) {
    for (const problem of checkName(nameRule, meta.generateName, { prefix: true })) {
      errors.push(invalidValue(`${field}.generateName`, meta.generateName, problem))
    }
  }
  if (!meta.name) errors.push(required(`${field}.name`, 'name or generateName is required'))
  else {
    for (const problem of checkName(nameRule, meta.name)) {
      errors.push(invalidValue(`${field}.name`, meta.name, problem))
    }
  }
  if (namespaced) {
    if (!meta.namespace) errors.push(required(`${field}.namespace`))
    else {
      for (const problem of checkName('dns1123Label', meta.namespace)) {
        errors.push(invalidValue(`${field}.namespace`, meta.namespace, problem))
      }
    }
  } else if (meta.namespace) errors.push(forbiddenField(`${field}.namespace`, 'not allowed on this type'))
  if ((meta.generation ?? 0) < 0) {
    errors.push(invalidValue(`${field}.generation`, meta.generation, negativeText))
  }
  if (meta.labels) errors.push(...validateLabels(meta.labels, `${field}.labels`))
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, `${field}.annotations`))
  if (meta.ownerReferences) errors.push(...validateOwners(meta.ownerReferences, `${field}.ownerReferences`))
  if (meta.finalizers) {
    errors.push(...validateFinalizers(meta.finalizers, `${field}.finalizers`))
    errors.push(...validateFinalizerNames(meta.finalizers, `${field}.finalizers`))
  }
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields, field))
  return errors
}

const immutables = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  previous: ObjectMeta,
  field = 'metadata',
): FieldError[] {
  const errors: FieldError[] = []
  if (previous.deletionTimestamp && meta.finalizers) {
    const before = new Set(previous.finalizers)
    const extra = [...new Set(meta.finalizers)].filter(finalizer => !before.has(finalizer)).sort()
    if (extra.length > 0) {
      const shown = `[]string{${extra.map(finalizer => JSON.stringify(finalizer)).join(', ')}}`
      const detail = 'no new finalizers can be added if the object is being deleted, found new finalizers '
      errors.push(forbiddenField(`${field}.finalizers`, detail + shown))
    }
  }
  if (!meta.resourceVersion) {
    errors.push(invalidValue(`${field}.resourceVersion`, '', 'must be specified for an update'))
  }
  if ((meta.generation ?? 0) < (previous.generation ?? 0)) {
    errors.push(invalidValue(`${field}.generation`, meta.generation ?? 0, 'must not be decremented'))
  }
  for (const name of immutables) {
    const empty = name.endsWith('Timestamp') || name === 'deletionGracePeriodSeconds' ? undefined : ''
    if ((meta[name] ?? empty) !== (previous[name] ?? empty)) {
      errors.push(invalidValue(`${field}.${name}`, meta[name] ?? empty, immutableText))
    }
  }
  if (meta.labels) errors.push(...validateLabels(meta.labels, `${field}.labels`))
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, `${field}.annotations`))
  if (meta.ownerReferences) errors.push(...validateOwners(meta.ownerReferences, `${field}.ownerReferences`))
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields, field))
  if (meta.finalizers) errors.push(...validateFinalizerNames(meta.finalizers, `${field}.finalizers`))
  return errors
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion']

/** A finalizer has a domain, or is one of Kubernetes' own. */
export function isFinalizerName(finalizer: string): boolean {
  return finalizer.includes('/') || standardFinalizers.includes(finalizer)
}

export const finalizerNameText = 'name is neither a standard finalizer name nor is it fully qualified'

function validateFinalizerNames(finalizers: readonly string[], field: string): FieldError[] {
  const errors: FieldError[] = []
  finalizers.forEach((finalizer, index) => {
    if (isFinalizerName(finalizer)) return
    errors.push(invalidValue(`${field}[${index}]`, finalizer, finalizerNameText))
  })
  return errors
}

export function validateLabels(labels: Readonly<Record<string, string>>, field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const key in labels) {
    for (const problem of qualifiedName(key)) errors.push(invalidValue(field, key, problem))
    const value = labels[key]!
    for (const problem of labelValue(value)) errors.push(invalidValue(field, value, problem))
  }
  return errors
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>>,
  field: string,
): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const key in annotations) {
    for (const problem of qualifiedName(key.toLowerCase())) errors.push(invalidValue(field, key, problem))
    size += byteLength(key) + byteLength(annotations[key]!)
  }
  if (size > annotationsLimit) errors.push(tooLong(field, annotationsLimit))
  return errors
}

function validateOwners(owners: readonly OwnerReference[], field: string): FieldError[] {
  const errors: FieldError[] = []
  let controller = ''
  for (const owner of owners) {
    const { group, version } = parseAPIVersion(owner.apiVersion ?? '')
    if (version === '') {
      errors.push(invalidValue(`${field}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'))
    }
    for (const name of ['kind', 'name', 'uid'] as const) {
      if (!owner[name]) errors.push(invalidValue(`${field}.${name}`, '', 'must not be empty'))
    }
    if (group === '' && version === 'v1' && owner.kind === 'Event') {
      errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'))
    }
    if (owner.controller !== true) continue
    const name = `${owner.kind}/${owner.name}`
    if (controller === '') controller = name
    else {
      const detail = `Found "true" in references for ${controller} and ${name}`
      errors.push(
        invalidValue(field, owners, `Only one reference can have Controller set to true. ${detail}`),
      )
    }
  }
  return errors
}

function validateFinalizers(finalizers: readonly string[], field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const finalizer of finalizers) {
    for (const problem of qualifiedName(finalizer)) errors.push(invalidValue(field, finalizer, problem))
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const detail = 'finalizer foregroundDeletion and orphan cannot be both set'
    errors.push(invalidValue(field, finalizers, detail))
  }
  return errors
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[], metaField: string): FieldError[] {
  const field = `${metaField}.managedFields`
  const errors: FieldError[] = []
  entries.forEach((entry, index) => {
    const at = `${field}[${index}]`
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(invalidValue(`${at}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'))
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1') {
      errors.push(invalidValue(`${at}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'))
    }
    if (byteLength(entry.manager ?? '') > 128) errors.push(tooLong(`${at}.manager`, 128))
  })
  return errors
}

/** A selector in an object (`spec.selector`), as apimachinery's apis/meta/v1/validation checks it. */
export function validateLabelSelector(selector: LabelSelector | undefined, field: string): FieldError[] {
  if (!selector) return []
  const errors = validateLabels(selector.matchLabels ?? {}, `${field}.matchLabels`)
  selector.matchExpressions?.forEach((expression, index) => {
    const at = `${field}.matchExpressions[${index}]`
    const values = expression.values ?? []
    switch (expression.operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) {
          errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
        }
        break
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) {
          errors.push(
            forbiddenField(
              `${at}.values`,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
          )
        }
        break
      default:
        errors.push(
          invalidValue(`${at}.operator`, expression.operator ?? '', 'not a valid selector operator'),
        )
    }
    for (const problem of qualifiedName(expression.key ?? '')) {
      errors.push(invalidValue(`${at}.key`, expression.key ?? '', problem))
    }
    values.forEach((value, position) => {
      for (const problem of labelValue(value)) {
        errors.push(invalidValue(`${at}.values[${position}]`, value, problem))
      }
    })
  })
  return errors
}

/** Equal as the API sees it: absent, null and empty lists are not told apart. */
export const sameValue = comparison(
  value => value === undefined || value === null || (Array.isArray(value) && value.length === 0),
)

/** The error of a field that changed though it must not. */
export function immutable(value: unknown, previous: unknown, field: string): FieldError[] {
  return sameValue(value, previous) ? [] : [invalidValue(field, value, immutableText)]
}
