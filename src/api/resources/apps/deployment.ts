// Deployment: Pods of one template, replaced bit by bit when the template changes.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../fields.ts'
import type { Deployment, DeploymentStrategy } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { percentString } from '../../meta/names.ts'
import { immutable, negativeText } from '../../meta/objectmeta.ts'
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

function defaultDeployment(deployment: Deployment): void {
  deployment.spec ??= { selector: undefined as never, template: {} }
  const { spec } = deployment
  spec.replicas ??= 1
  spec.template ??= {}
  defaultPodTemplate(spec.template)
  spec.strategy ??= {}
  spec.strategy.type ||= 'RollingUpdate'
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {}
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
    spec.strategy.rollingUpdate.maxSurge ??= '25%'
  }
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  if (spec.paused === false) delete spec.paused
  deployment.status ??= {}
}

function validateDeployment({ spec }: Deployment): FieldError[] {
  const errors = [
    ...validateNotNegative(spec?.replicas, 'spec.replicas'),
    ...validateSelector(spec?.selector, 'spec.selector'),
    ...validateReplicaTemplate(spec?.template, spec?.selector, 'spec.template'),
    ...validateStrategy(spec?.strategy ?? {}, 'spec.strategy'),
    ...validateNotNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
    ...validateNotNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...validateNotNegative(spec?.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'),
  ]
  const deadline = spec?.progressDeadlineSeconds
  if (deadline !== undefined && deadline <= (spec?.minReadySeconds ?? 0)) {
    const detail = 'must be greater than minReadySeconds'
    errors.push(invalidValue('spec.progressDeadlineSeconds', deadline, detail))
  }
  return errors
}

function validateStrategy(strategy: DeploymentStrategy, field: string): FieldError[] {
  const { type = '', rollingUpdate } = strategy
  if (type === 'Recreate') {
    if (!rollingUpdate) return []
    const detail = "may not be specified when strategy `type` is 'Recreate'"
    return [forbiddenField(`${field}.rollingUpdate`, detail)]
  }
  if (type !== 'RollingUpdate') return [notSupported(field, strategy, ['Recreate', 'RollingUpdate'])]
  if (!rollingUpdate) {
    return [required(`${field}.rollingUpdate`, 'this should be defaulted and never be nil')]
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate
  const at = `${field}.rollingUpdate`
  const errors = [
    ...validateAmount(maxUnavailable, `${at}.maxUnavailable`),
    ...validateAmount(maxSurge, `${at}.maxSurge`),
  ]
  if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0) {
    const detail = 'may not be 0 when `maxSurge` is 0'
    errors.push(invalidValue(`${at}.maxUnavailable`, maxUnavailable, detail))
  }
  if (typeof maxUnavailable === 'string' && amount(maxUnavailable) > 100) {
    errors.push(invalidValue(`${at}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'))
  }
  return errors
}

/** A number of Pods or a share of them, as a number. */
export function amount(value: number | string): number {
  if (typeof value === 'number') return value
  const parsed = Number(percentString(value).length === 0 ? value.slice(0, -1) : value)
  return Number.isInteger(parsed) ? parsed : 0
}

export function validateAmount(value: number | string, field: string): FieldError[] {
  if (typeof value === 'string') {
    return percentString(value).map(problem => invalidValue(field, value, problem))
  }
  return value < 0 ? [invalidValue(field, value, negativeText)] : []
}

function validateStatus({ status = {} }: Deployment, previous: Deployment): FieldError[] {
  const errors = [
    ...validateNotNegative(status.observedGeneration, 'status.observedGeneration'),
    ...validateCounts(status, ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas']),
    ...validateNotNegative(status.unavailableReplicas, 'status.unavailableReplicas'),
    ...validateNotNegative(status.collisionCount, 'status.collisionCount'),
  ]
  const before = previous.status?.collisionCount
  if (before !== undefined && (status.collisionCount ?? -1) < before) {
    const value = status.collisionCount ?? 0
    errors.push(invalidValue('status.collisionCount', value, 'cannot be decremented'))
  }
  return errors
}

export const deployments = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  subresources: [
    { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] },
  ],
  prepareForStatusUpdate({ metadata }, previous) {
    metadata!.labels = previous.metadata?.labels
  },
  columns: [
    nameColumn,
    column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`, {
      description: 'How many of the wanted Pods are ready.',
    }),
    column('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
    column('Available', ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    column('Containers', ({ spec }) => containerNames(spec?.template?.spec), { wide: true }),
    column('Images', ({ spec }) => containerImages(spec?.template?.spec), { wide: true }),
    column('Selector', ({ spec }) => formatSelector(spec?.selector), { wide: true }),
  ],
  default: defaultDeployment,
  prepareForCreate(deployment) {
    deployment.status = {}
  },
  validate: validateDeployment,
  validateUpdate: ({ spec }, previous) => immutable(spec?.selector, previous.spec?.selector, 'spec.selector'),
  validateStatusUpdate: validateStatus,
  warnings: templateWarnings,
})
