// DaemonSet: one Pod on every node that fits. Defaults and rules as upstream's pkg/apis/apps.
import type { FieldError } from '../../fields.ts'
import type { DaemonSet } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutable, sameValue } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { formatLabels, nameColumn } from '../columns.ts'
import { defaultPodTemplate } from '../core/pod/defaults.ts'
import { podTemplateWarnings } from '../core/pod/warnings.ts'
import {
  containerColumns,
  nonNegative,
  selectorColumn,
  validateSelector,
  validateTemplate,
} from '../workloads.ts'

function defaultDaemonSet({ spec }: DaemonSet): void {
  if (!spec) return
  spec.updateStrategy ??= {}
  const strategy = spec.updateStrategy
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= 1
    strategy.rollingUpdate.maxSurge ??= 0
  }
  spec.revisionHistoryLimit ??= 10
  if (spec.template) defaultPodTemplate(spec.template)
}

function validate({ spec }: DaemonSet): FieldError[] {
  return [
    ...validateSelector(spec?.selector, spec?.template),
    ...validateTemplate(spec?.template, ['Always']),
    ...nonNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ]
}

const count = (name: string, read: (status: NonNullable<DaemonSet['status']>) => number | undefined) =>
  column<DaemonSet>(name, ({ status }) => (status ? (read(status) ?? 0) : 0), { type: 'integer' })

export const daemonSets = defineResource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  resource: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    count('Desired', status => status.desiredNumberScheduled),
    count('Current', status => status.currentNumberScheduled),
    count('Ready', status => status.numberReady),
    count('Up-to-date', status => status.updatedNumberScheduled),
    count('Available', status => status.numberAvailable),
    column('Node Selector', set => formatLabels(set.spec?.template.spec?.nodeSelector)),
    ageColumn,
    ...containerColumns<DaemonSet>(set => set.spec?.template.spec),
    selectorColumn<DaemonSet>(set => set.spec?.selector),
  ],
  default: defaultDaemonSet,
  prepareForCreate: set => {
    set.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    }
  },
  validate,
  warnings: ({ spec }, previous) =>
    previous && sameValue(spec?.template, previous.spec?.template)
      ? []
      : podTemplateWarnings(spec?.template, 'spec.template'),
  validateUpdate: ({ spec }, previous) => immutable(spec?.selector, previous.spec?.selector, 'spec.selector'),
})
