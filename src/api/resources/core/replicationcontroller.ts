// ReplicationController: keeps a number of Pods running; what ReplicaSets were before there were
// Deployments.
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type { ReplicationController } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { templateWarnings } from '../apps/template.ts'
import { formatLabels, nameColumn } from '../columns.ts'
import { containerColumns, nonNegative, scale, validateTemplate } from '../workloads.ts'
import { defaultPodTemplate } from './pod/defaults.ts'

function defaultController(controller: ReplicationController): void {
  controller.spec ??= {}
  const { metadata, spec } = controller
  const labels = spec.template?.metadata?.labels
  if (labels && Object.keys(labels).length > 0) {
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
  }
  spec.replicas ??= 1
  if (spec.template) defaultPodTemplate(spec.template)
}

function validate({ spec = {} }: ReplicationController): FieldError[] {
  const selector = Object.entries(spec.selector ?? {})
  const labels = spec.template?.metadata?.labels ?? {}
  const matches = selector.every(([key, value]) => labels[key] === value)
  return [
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...(selector.length > 0 ? [] : [required('spec.selector')]),
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...(matches
      ? []
      : [
          invalidValue(
            'spec.template.metadata.labels',
            labels,
            '`selector` does not match template `labels`',
          ),
        ]),
    ...validateTemplate(spec.template, ['Always']),
  ]
}

export const replicationControllers = defineResource<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  subresources: [scale],
  defaultPropagation: 'Orphan',
  columns: [
    nameColumn,
    column('Desired', controller => controller.spec?.replicas ?? 0, { type: 'integer' }),
    column('Current', controller => controller.status?.replicas ?? 0, { type: 'integer' }),
    column('Ready', controller => controller.status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn,
    ...containerColumns<ReplicationController>(controller => controller.spec?.template?.spec),
    column('Selector', controller => formatLabels(controller.spec?.selector), { wide: true }),
  ],
  selectableFields: { 'status.replicas': controller => String(controller.status?.replicas ?? 0) },
  default: defaultController,
  prepareForCreate: controller => {
    controller.status = { replicas: 0 }
  },
  validate,
  warnings: templateWarnings,
})
