// What the resources that hold a Pod template have in common: columns, defaults, validation of the template
// and of the selector that must match it (pkg/apis/apps/validation, pkg/apis/batch/validation).
import { type FieldError, invalidValue, notSupported, required } from '../fields.ts'
import type { LabelSelector, PodSpec, PodTemplateSpec } from '../generated/types.ts'
import { labelMatcher } from '../meta/labels.ts'
import { validateLabelSelector } from '../meta/objectmeta.ts'
import type { KubeObject } from '../object.ts'
import { type Column, column } from '../resource.ts'
import { containerImages, containerNames, formatSelector } from './columns.ts'
import { validatePodTemplate } from './core/pod/validation/spec.ts'

/** The wide columns CONTAINERS and IMAGES. */
export const containerColumns = <T extends KubeObject>(
  specOf: (object: T) => PodSpec | undefined,
): Column<T>[] => [
  column<T>('Containers', object => containerNames(specOf(object)), { wide: true }),
  column<T>('Images', object => containerImages(specOf(object)), { wide: true }),
]

/** The wide column SELECTOR. */
export const selectorColumn = <T extends KubeObject>(selectorOf: (object: T) => LabelSelector | undefined) =>
  column<T>('Selector', object => formatSelector(selectorOf(object)), { wide: true })

/** The selector must say something and match the template's labels. */
export function validateSelector(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
): FieldError[] {
  const isEmpty = !selector?.matchLabels && !selector?.matchExpressions
  if (!selector) return [required('spec.selector')]
  if (isEmpty) {
    return [invalidValue('spec.selector', selector, 'empty selector is invalid for workload')]
  }
  return validateSelection(selector, template)
}

/** What can be read selects the template's own labels. */
export function validateSelection(
  selector: LabelSelector,
  template: PodTemplateSpec | undefined,
): FieldError[] {
  const errors = validateLabelSelector(selector, 'spec.selector')
  if (errors.length > 0 || labelMatcher(selector)(template?.metadata?.labels ?? {})) return errors
  return [
    invalidValue(
      'spec.template.metadata.labels',
      template?.metadata?.labels ?? null,
      '`selector` does not match template `labels`',
    ),
  ]
}

/** A template whose Pods are restarted as this kind allows. */
export function validateTemplate(
  template: PodTemplateSpec | undefined,
  restartPolicies: readonly string[],
  field = 'spec.template',
): FieldError[] {
  if (!template) return [required(field)]
  const policy = template.spec?.restartPolicy ?? ''
  return [
    ...validatePodTemplate(template, field),
    ...(restartPolicies.includes(policy)
      ? []
      : [notSupported(`${field}.spec.restartPolicy`, policy, restartPolicies)]),
  ]
}

/** `must be greater than or equal to 0`. */
export function nonNegative(value: number | undefined, field: string): FieldError[] {
  return value === undefined || value >= 0
    ? []
    : [invalidValue(field, value, 'must be greater than or equal to 0')]
}

/** The subresource `scale` of everything that has replicas. */
export const scale = {
  name: 'scale',
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  verbs: ['get', 'update', 'patch'],
} as const
