// StatefulSet: Pods with lasting names and storage, made and removed in order. Defaults and rules as
// upstream's pkg/apis/apps.
import { type FieldError, forbiddenField } from '../../fields.ts'
import type { StatefulSet, StatefulSetSpec } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { sameValue } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { defaultClaim } from '../core/persistentvolumeclaim.ts'
import { defaultPodTemplate } from '../core/pod/defaults.ts'
import { containerColumns, nonNegative, scale, validateSelector, validateTemplate } from '../workloads.ts'
import { templateWarnings } from './template.ts'

function defaultSpec(spec: StatefulSetSpec): void {
  spec.podManagementPolicy ||= 'OrderedReady'
  spec.updateStrategy ??= {}
  const strategy = spec.updateStrategy
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.partition ??= 0
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {}
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  if (spec.template) defaultPodTemplate(spec.template)
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ||= 'v1'
    claim.kind ||= 'PersistentVolumeClaim'
    defaultClaim(claim)
  }
}

function validate({ spec }: StatefulSet): FieldError[] {
  return [
    ...nonNegative(spec?.replicas, 'spec.replicas'),
    ...nonNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
    ...validateSelector(spec?.selector, spec?.template),
    ...validateTemplate(spec?.template, ['Always']),
  ]
}

const mutable: ReadonlySet<string> = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
])
const fixedText =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

const fixedPart = (spec: StatefulSetSpec | undefined) =>
  Object.fromEntries(Object.entries(spec ?? {}).filter(([name]) => !mutable.has(name)))

export const statefulSets = defineResource<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  resource: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  subresources: [scale],
  columns: [
    nameColumn,
    column('Ready', set => `${set.status?.readyReplicas ?? 0}/${set.spec?.replicas ?? 0}`),
    ageColumn,
    ...containerColumns<StatefulSet>(set => set.spec?.template.spec),
  ],
  default: set => {
    if (set.spec) defaultSpec(set.spec)
  },
  prepareForCreate: set => {
    set.status = { replicas: 0, availableReplicas: 0 }
  },
  validate,
  warnings: templateWarnings,
  validateUpdate: (set, previous) =>
    sameValue(fixedPart(set.spec), fixedPart(previous.spec)) ? [] : [forbiddenField('spec', fixedText)],
})
