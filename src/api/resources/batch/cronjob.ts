// CronJob: makes a Job again and again. Defaults and rules as upstream's pkg/apis/batch.
import { type FieldError, invalidValue, notSupported, required } from '../../fields.ts'
import type { CronJob } from '../../generated/types.ts'
import { ageColumn, ageSince } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { formatBoolean, nameColumn } from '../columns.ts'
import { defaultPodTemplate } from '../core/pod/defaults.ts'
import { containerColumns, nonNegative, selectorColumn, validateTemplate } from '../workloads.ts'

const policies = ['Allow', 'Forbid', 'Replace']
const field = /^(?:\*|\?|[0-9A-Za-z]+(?:-[0-9A-Za-z]+)?)(?:\/\d+)?$/

function defaultCronJob({ spec }: CronJob): void {
  if (!spec) return
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  const template = spec.jobTemplate?.spec?.template
  if (template) defaultPodTemplate(template)
}

/** Five fields or one of the `@daily` words, as robfig/cron reads them. */
function isSchedule(schedule: string): boolean {
  if (/^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/.test(schedule)) return true
  const fields = schedule.trim().split(/\s+/)
  return fields.length === 5 && fields.every(text => text.split(',').every(part => field.test(part)))
}

function validateSchedule(schedule: string): FieldError[] {
  if (schedule === '') return [required('spec.schedule')]
  if (schedule.includes('TZ')) {
    return [
      invalidValue(
        'spec.schedule',
        schedule,
        'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ),
    ]
  }
  if (isSchedule(schedule)) return []
  const count = schedule.trim().split(/\s+/).length
  const problem =
    count === 5
      ? `failed to parse schedule: ${schedule}`
      : `expected exactly 5 fields, found ${count}: [${schedule.trim().split(/\s+/).join(' ')}]`
  return [invalidValue('spec.schedule', schedule, problem)]
}

function validate({ spec }: CronJob): FieldError[] {
  const policy = spec?.concurrencyPolicy ?? ''
  const template = 'spec.jobTemplate.spec.template'
  return [
    ...validateSchedule(spec?.schedule ?? ''),
    ...nonNegative(spec?.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
    ...(policies.includes(policy) ? [] : [notSupported('spec.concurrencyPolicy', policy, policies)]),
    ...validateTemplate(spec?.jobTemplate?.spec?.template, ['OnFailure', 'Never'], template),
    ...nonNegative(spec?.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec?.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
  ]
}

function formatLastSchedule({ status }: CronJob, nowMs: number): string {
  return status?.lastScheduleTime ? ageSince(status.lastScheduleTime, nowMs) : '<none>'
}

export const cronJobs = defineResource<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  resource: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Schedule', job => job.spec?.schedule ?? ''),
    column('Timezone', job => job.spec?.timeZone ?? '<none>'),
    column('Suspend', job => formatBoolean(job.spec?.suspend), { type: 'boolean' }),
    column('Active', job => job.status?.active?.length ?? 0, { type: 'integer' }),
    column('Last Schedule', formatLastSchedule, { timeDependent: true }),
    ageColumn,
    ...containerColumns<CronJob>(job => job.spec?.jobTemplate.spec?.template.spec),
    selectorColumn<CronJob>(job => job.spec?.jobTemplate.spec?.selector),
  ],
  default: defaultCronJob,
  prepareForCreate: job => {
    job.status = {}
  },
  validate,
})
