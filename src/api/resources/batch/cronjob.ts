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

/** What each field may hold, and the names that stand for numbers from its least one on. */
const bounds: readonly { readonly least: number; readonly most: number; readonly names: string }[] = [
  { least: 0, most: 59, names: '' },
  { least: 0, most: 23, names: '' },
  { least: 1, most: 31, names: '' },
  { least: 1, most: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec' },
  { least: 0, most: 6, names: 'sun mon tue wed thu fri sat' },
]

/** What is wrong with the numbers of one range of a field, as robfig/cron words it. */
function rangeProblem(text: string, index: number): string | undefined {
  const { least, most, names } = bounds[index]!
  const [range = '', step] = text.split('/')
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${text}`
  if (range === '*' || range === '?') return undefined
  const numbers = range.split('-').map(part => {
    const place = names === '' ? -1 : names.split(' ').indexOf(part.toLowerCase())
    return place >= 0 ? place + least : /^\d+$/.test(part) ? Number(part) : Number.NaN
  })
  const [begin = 0, end = begin] = numbers
  const odd = numbers.findIndex(Number.isNaN)
  if (odd >= 0) {
    const part = JSON.stringify(range.split('-')[odd])
    return `failed to parse int from ${part.slice(1, -1)}: strconv.Atoi: parsing ${part}: invalid syntax`
  }
  if (begin < least) return `beginning of range (${begin}) below minimum (${least}): ${text}`
  if (end > most) return `end of range (${end}) above maximum (${most}): ${text}`
  if (begin > end) return `beginning of range (${begin}) beyond end of range (${end}): ${text}`
  return undefined
}

const every = '@every '
const duration = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/

function descriptorProblem(schedule: string): string | undefined {
  if (!schedule.startsWith(every))
    return isSchedule(schedule) ? undefined : `unrecognized descriptor: ${schedule}`
  const text = schedule.slice(every.length)
  if (duration.test(text)) return undefined
  return `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(text)}`
}

function numbersProblem(schedule: string): string | undefined {
  const fields = schedule.trim().split(/\s+/)
  for (const [index, text] of fields.entries()) {
    for (const part of text.split(',')) {
      const problem = rangeProblem(part, index)
      if (problem !== undefined) return problem
    }
  }
  return undefined
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
  const isDescriptor = schedule.startsWith('@')
  if (isDescriptor || isSchedule(schedule)) {
    const wrong = isDescriptor ? descriptorProblem(schedule) : numbersProblem(schedule)
    return wrong === undefined ? [] : [invalidValue('spec.schedule', schedule, wrong)]
  }
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
