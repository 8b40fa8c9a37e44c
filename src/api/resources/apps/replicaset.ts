// ReplicaSet: a number of Pods made from one template.
import type { ReplicaSet } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { containerImages, containerNames, formatSelector, nameColumn } from '../columns.ts'
import { defaultPodTemplate } from '../core/pod/defaults.ts'
import {
  templateWarnings,
  validateCounts,
  validateNotNegative,
  validateReplicaTemplate,
  validateSelector,
} from './template.ts'

export const replicaSets = defineResource<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  subresources: [
    { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] },
  ],
  columns: [
    nameColumn,
    column('Desired', ({ spec }) => spec?.replicas ?? 0, { type: 'integer' }),
    column('Current', ({ status }) => status?.replicas ?? 0, { type: 'integer' }),
    column('Ready', ({ status }) => status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn,
    column('Containers', ({ spec }) => containerNames(spec?.template?.spec), { wide: true }),
    column('Images', ({ spec }) => containerImages(spec?.template?.spec), { wide: true }),
    column('Selector', ({ spec }) => formatSelector(spec?.selector), { wide: true }),
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  default(replicaSet) {
    replicaSet.spec ??= { selector: undefined as never }
    replicaSet.spec.replicas ??= 1
    replicaSet.spec.template ??= {}
    defaultPodTemplate(replicaSet.spec.template)
    replicaSet.status ??= { replicas: 0 }
    replicaSet.status.replicas ??= 0
  },
  prepareForCreate(replicaSet) {
    replicaSet.status = { replicas: 0 }
  },
  validate({ spec }) {
    return [
      ...validateNotNegative(spec?.replicas, 'spec.replicas'),
      ...validateNotNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
      ...validateSelector(spec?.selector, 'spec.selector'),
      ...validateReplicaTemplate(spec?.template, spec?.selector, 'spec.template'),
    ]
  },
  validateUpdate: ({ spec }, previous) => immutable(spec?.selector, previous.spec?.selector, 'spec.selector'),
  validateStatusUpdate: ({ status }) => [
    ...validateCounts(status ?? {}, [
      'replicas',
      'fullyLabeledReplicas',
      'readyReplicas',
      'availableReplicas',
    ]),
    ...validateNotNegative(status?.observedGeneration, 'status.observedGeneration'),
  ],
  warnings: templateWarnings,
})
