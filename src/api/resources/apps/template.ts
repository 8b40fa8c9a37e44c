// What Deployment and ReplicaSet have in common: a selector, a template that it selects, and counts that
// fit together. Follows upstream's pkg/apis/apps/validation.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../fields.ts'
import type { LabelSelector, PodTemplateSpec } from '../../generated/types.ts'
import { labelMatcher } from '../../meta/labels.ts'
import { dns1123Label } from '../../meta/names.ts'
import { negativeText, sameValue, validateLabelSelector } from '../../meta/objectmeta.ts'
import type { KubeObject } from '../../object.ts'
import { validatePodTemplate } from '../core/pod/validation/spec.ts'
import { podTemplateWarnings } from '../core/pod/warnings.ts'

export function validateNotNegative(value: number | undefined, field: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalidValue(field, value, negativeText)] : []
}

export function validateSelector(selector: LabelSelector | undefined, field: string): FieldError[] {
  if (!selector) return [required(field)]
  const errors = validateLabelSelector(selector, field)
  const { matchLabels = {}, matchExpressions = [] } = selector
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
    errors.push(invalidValue(field, selector, 'empty selector is invalid for deployment'))
  }
  return errors
}

/** The template of Pods that always run, selected by the workload that makes them. */
export function validateReplicaTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
  field: string,
): FieldError[] {
  if (!template) return [required(field)]
  const errors: FieldError[] = []
  const labels = template.metadata?.labels ?? {}
  if (!selects(selector, labels)) {
    const detail = '`selector` does not match template `labels`'
    errors.push(invalidValue(`${field}.metadata.labels`, labels, detail))
  }
  errors.push(...validatePodTemplate(template, field))
  const policy = template.spec?.restartPolicy ?? ''
  if (policy !== 'Always') errors.push(notSupported(`${field}.spec.restartPolicy`, policy, ['Always']))
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    const detail = 'activeDeadlineSeconds in ReplicaSet is not Supported'
    errors.push(forbiddenField(`${field}.spec.activeDeadlineSeconds`, detail))
  }
  return errors
}

/** No selector selects nothing; of one that cannot be read the errors are told already. */
function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  if (!selector) return false
  return validateLabelSelector(selector, '').length > 0 || labelMatcher(selector)(labels)
}

interface ReplicaCounts {
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
}

/** None negative, no part larger than the whole. */
export function validateCounts(
  status: ReplicaCounts & { readonly updatedReplicas?: number; readonly fullyLabeledReplicas?: number },
  names: readonly (keyof typeof status)[],
): FieldError[] {
  const errors = names.flatMap(name => validateNotNegative(status[name], `status.${name}`))
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  for (const name of names) {
    const value = status[name] ?? 0
    if (value > replicas) {
      errors.push(invalidValue(`status.${name}`, value, 'cannot be greater than status.replicas'))
    }
  }
  if (availableReplicas > readyReplicas) {
    const detail = 'cannot be greater than readyReplicas'
    errors.push(invalidValue('status.availableReplicas', availableReplicas, detail))
  }
  return errors
}

interface Workload extends KubeObject {
  spec?: { readonly template?: PodTemplateSpec }
}

/** Of what makes Pods of one template; on updates only when the template changes. */
export function templateWarnings({ metadata, spec }: Workload, previous?: Workload): readonly string[] {
  if (previous && sameValue(spec?.template, previous.spec?.template)) return []
  const problems = previous ? [] : dns1123Label(metadata.name ?? '')
  const why = 'this is used in Pod names and hostnames, which can result in surprising behavior'
  const warnings =
    problems.length > 0 ? [`metadata.name: ${why}; a DNS label is recommended: [${problems.join(' ')}]`] : []
  return [...warnings, ...podTemplateWarnings(spec?.template, 'spec.template')]
}
