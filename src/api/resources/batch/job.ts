// Job: Pods that run to completion. Defaults, the generated selector and the columns as upstream's
// pkg/apis/batch and pkg/registry/batch/job.
import { type FieldError, required } from '../../fields.ts'
import type { Job, JobSpec } from '../../generated/types.ts'
import { ageColumn, formatAge } from '../../meta/age.ts'
import { isConditionTrue } from '../../meta/conditions.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { templateWarnings } from '../apps/template.ts'
import { nameColumn } from '../columns.ts'
import { defaultPodTemplate } from '../core/pod/defaults.ts'
import {
  containerColumns,
  nonNegative,
  selectorColumn,
  validateSelection,
  validateTemplate,
} from '../workloads.ts'

const unlimited = 2 ** 31 - 1

function defaultJob({ metadata, spec }: Job): void {
  if (!spec) return
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1
    spec.parallelism = 1
  }
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : unlimited
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  spec.manualSelector ??= false
  const labels = spec.template?.metadata?.labels
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True'
  }
  if (spec.template) defaultPodTemplate(spec.template)
}

const prefix = 'batch.kubernetes.io/'

/** Unless the maker chose one: a selector that matches nothing but this Job's own Pods. */
function generateSelector({ metadata }: Job, spec: JobSpec): void {
  if (spec.manualSelector || !spec.template) return
  spec.template.metadata ??= {}
  const uid = metadata.uid ?? ''
  const name = metadata.name ?? ''
  spec.template.metadata.labels = {
    ...spec.template.metadata.labels,
    [`${prefix}controller-uid`]: uid,
    [`${prefix}job-name`]: name,
    'controller-uid': uid,
    'job-name': name,
  }
  spec.selector ??= {}
  spec.selector.matchLabels = { ...spec.selector.matchLabels, [`${prefix}controller-uid`]: uid }
}

function validate({ spec }: Job): FieldError[] {
  return [
    ...(spec?.selector ? validateSelection(spec.selector, spec.template) : [required('spec.selector')]),
    ...nonNegative(spec?.parallelism, 'spec.parallelism'),
    ...nonNegative(spec?.completions, 'spec.completions'),
    ...nonNegative(spec?.activeDeadlineSeconds, 'spec.activeDeadlineSeconds'),
    ...nonNegative(spec?.backoffLimit, 'spec.backoffLimit'),
    ...nonNegative(spec?.ttlSecondsAfterFinished, 'spec.ttlSecondsAfterFinished'),
    ...(spec?.completionMode === 'Indexed' && spec.completions === undefined
      ? [required('spec.completions', 'when completion mode is Indexed')]
      : []),
    ...validateTemplate(spec?.template, ['OnFailure', 'Never']),
  ]
}

function validateUpdate({ spec }: Job, { spec: previous, status }: Job): FieldError[] {
  const fixed = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
  ] as const
  const canChangeTemplate = previous?.suspend && !status?.startTime
  return [
    ...(spec?.completionMode === 'Indexed'
      ? []
      : immutable(spec?.completions, previous?.completions, 'spec.completions')),
    ...fixed.flatMap(field => immutable(spec?.[field], previous?.[field], `spec.${field}`)),
    ...(canChangeTemplate ? [] : immutable(spec?.template, previous?.template, 'spec.template')),
  ]
}

function formatStatus({ metadata, status }: Job): string {
  const has = (type: string) => isConditionTrue(status?.conditions, type)
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running'
}

function formatCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function formatDuration({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return ''
  const end = status.completionTime ? Date.parse(status.completionTime) : nowMs
  return formatAge(end - Date.parse(status.startTime))
}

export const jobs = defineResource<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  resource: 'jobs',
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  defaultPropagation: 'Orphan',
  columns: [
    nameColumn,
    column('Status', formatStatus),
    column('Completions', formatCompletions),
    column('Duration', formatDuration, { timeDependent: true }),
    ageColumn,
    ...containerColumns<Job>(job => job.spec?.template.spec),
    selectorColumn<Job>(job => job.spec?.selector),
  ],
  selectableFields: { 'status.successful': job => String(job.status?.succeeded ?? 0) },
  default: defaultJob,
  prepareForCreate: job => {
    job.status = {}
    if (job.spec) generateSelector(job, job.spec)
  },
  validate,
  warnings: templateWarnings,
  validateUpdate,
})
