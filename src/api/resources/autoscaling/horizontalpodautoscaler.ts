// HorizontalPodAutoscaler: sets the replicas of a workload by what its Pods use. autoscaling/v2 is what is
// stored; autoscaling/v1 shows the same objects, with what it has no fields for in annotations
// (pkg/apis/autoscaling/v1).
import { type FieldError, invalidValue, required } from '../../fields.ts'
import type {
  HorizontalPodAutoscaler,
  V2HorizontalPodAutoscaler,
  V2HorizontalPodAutoscalerSpec,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
  V2MetricValueStatus,
} from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import type { KubeObject } from '../../object.ts'
import { type Column, column, defineResource, type ResourceDefinition } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const annotations = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const

interface Measured {
  readonly target?: V2MetricTarget
  readonly current?: V2MetricValueStatus
}

/** The one source that a metric has, whatever its type. */
function sourceOf(metric: V2MetricSpec | V2MetricStatus | undefined): Measured | undefined {
  return metric?.resource ?? metric?.containerResource ?? metric?.pods ?? metric?.object ?? metric?.external
}

function formatMetric(spec: V2MetricSpec, status: V2MetricStatus | undefined): string {
  const target = sourceOf(spec)?.target
  const current = sourceOf(status)?.current
  if (!target) return '<unknown type>'
  const isResource = spec.type === 'Resource' || spec.type === 'ContainerResource'
  const name = isResource ? `${(spec.resource ?? spec.containerResource)?.name}: ` : ''
  if (target.averageValue !== undefined) {
    const suffix = spec.type === 'External' || spec.type === 'Object' ? ' (avg)' : ''
    return `${name}${current?.averageValue ?? '<unknown>'}/${target.averageValue}${suffix}`
  }
  if (!isResource) return `${current?.value ?? '<unknown>'}/${target.value ?? '<unknown>'}`
  const percent = (value: number | undefined, otherwise: string) =>
    value === undefined ? otherwise : `${value}%`
  const used = percent(current?.averageUtilization, '<unknown>')
  return `${name}${used}/${percent(target.averageUtilization, '<auto>')}`
}

function formatMetrics({ spec, status }: V2HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const texts = metrics.map((metric, index) => formatMetric(metric, status?.currentMetrics?.[index]))
  return texts.length > 2 ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...` : texts.join(', ')
}

const columns: Column<V2HorizontalPodAutoscaler>[] = [
  nameColumn,
  column(
    'Reference',
    ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
  ),
  column('Targets', formatMetrics),
  column('MinPods', ({ spec }) => String(spec?.minReplicas ?? '<unset>')),
  column('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
  column('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn,
]

const cpuMetric = (averageUtilization: number): V2MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

function defaultRules(spec: V2HorizontalPodAutoscalerSpec): void {
  const { behavior } = spec
  if (!behavior) return
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
    ...behavior.scaleUp,
  }
  behavior.scaleDown = {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    ...behavior.scaleDown,
  }
}

function defaultAutoscaler({ spec }: V2HorizontalPodAutoscaler): void {
  if (!spec) return
  spec.minReplicas ??= 1
  if (!spec.metrics?.length) spec.metrics = [cpuMetric(80)]
  defaultRules(spec)
}

function validate({ spec }: V2HorizontalPodAutoscaler): FieldError[] {
  const { minReplicas = 1, maxReplicas = 0, scaleTargetRef } = spec ?? {}
  const errors: FieldError[] = []
  if (minReplicas < 1) {
    errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  }
  if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'))
  if (maxReplicas < minReplicas) {
    const text = 'must be greater than or equal to `minReplicas`'
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, text))
  }
  if (!scaleTargetRef?.kind) errors.push(required('spec.scaleTargetRef.kind'))
  if (!scaleTargetRef?.name) errors.push(required('spec.scaleTargetRef.name'))
  return errors
}

const isCPU = (metric: V2MetricSpec) =>
  metric.resource?.name === 'cpu' && metric.resource.target?.averageUtilization !== undefined

/** autoscaling/v1 as autoscaling/v2. */
function toStored(object: KubeObject): KubeObject {
  const { metadata, spec, status } = object as HorizontalPodAutoscaler
  const kept = { ...metadata.annotations }
  const take = <T>(name: string): T | undefined => {
    const text = kept[name]
    delete kept[name]
    try {
      return text === undefined ? undefined : (JSON.parse(text) as T)
    } catch {
      return undefined
    }
  }
  const target = spec?.targetCPUUtilizationPercentage
  const metrics = [
    ...(target === undefined ? [] : [cpuMetric(target)]),
    ...(take<V2MetricSpec[]>(annotations.metrics) ?? []),
  ]
  const behavior = take<V2HorizontalPodAutoscalerSpec['behavior']>(annotations.behavior)
  const conditions = take<NonNullable<V2HorizontalPodAutoscaler['status']>['conditions']>(
    annotations.conditions,
  )
  const used = status?.currentCPUUtilizationPercentage
  const currentMetrics: V2MetricStatus[] = [
    ...(used === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: used } } }]),
    ...(take<V2MetricStatus[]>(annotations.currentMetrics) ?? []),
  ]
  const { currentCPUUtilizationPercentage: _used, ...counts } = status ?? {}
  const { targetCPUUtilizationPercentage: _target, ...rest } = spec ?? { maxReplicas: 0 }
  const { annotations: _annotations, ...identity } = metadata
  const stored = {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: Object.keys(kept).length > 0 ? { ...identity, annotations: kept } : identity,
    ...(spec
      ? { spec: { ...rest, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior ? { behavior } : {}) } }
      : {}),
    status: {
      ...counts,
      ...(currentMetrics.length > 0 ? { currentMetrics } : {}),
      ...(conditions ? { conditions } : {}),
    },
  }
  return stored
}

/** autoscaling/v2 as autoscaling/v1. */
function fromStored(object: KubeObject): KubeObject {
  const { metadata, spec, status } = object as V2HorizontalPodAutoscaler
  const { metrics = [], behavior, ...rest } = spec ?? {}
  const { currentMetrics = [], conditions = [], ...counts } = status ?? {}
  const target = metrics.find(isCPU)?.resource?.target?.averageUtilization
  const used = currentMetrics.find(({ resource }) => resource?.name === 'cpu')?.resource?.current
  const others = metrics.filter(metric => !isCPU(metric))
  const otherUsed = currentMetrics.filter(({ resource }) => resource?.name !== 'cpu')
  const extra = Object.entries({
    [annotations.metrics]: others.length > 0 ? others : undefined,
    [annotations.currentMetrics]: otherUsed.length > 0 ? otherUsed : undefined,
    [annotations.conditions]: conditions.length > 0 ? conditions : undefined,
    [annotations.behavior]: behavior,
  }).flatMap(([name, value]) => (value === undefined ? [] : [[name, JSON.stringify(value)] as const]))
  const made = {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata:
      extra.length > 0
        ? { ...metadata, annotations: { ...metadata.annotations, ...Object.fromEntries(extra) } }
        : metadata,
    spec: { ...rest, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      ...counts,
      ...(used?.averageUtilization === undefined
        ? {}
        : { currentCPUUtilizationPercentage: used.averageUtilization }),
    },
  }
  return made
}

const definition = {
  group: 'autoscaling',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
} satisfies Partial<ResourceDefinition>

export const horizontalPodAutoscalers = defineResource<V2HorizontalPodAutoscaler>({
  ...definition,
  version: 'v2',
  columns,
  default: defaultAutoscaler,
  prepareForCreate: autoscaler => {
    autoscaler.status = { desiredReplicas: 0 }
  },
  validate,
})

export const horizontalPodAutoscalersV1 = defineResource<HorizontalPodAutoscaler>({
  ...definition,
  version: 'v1',
  columns: columns.map(item => ({
    ...item,
    cell: (object: HorizontalPodAutoscaler, nowMs: number) =>
      item.cell(toStored(object) as V2HorizontalPodAutoscaler, nowMs),
  })),
  default: ({ spec }) => {
    if (spec) spec.minReplicas ??= 1
  },
  prepareForCreate: autoscaler => {
    autoscaler.status = { currentReplicas: 0, desiredReplicas: 0 }
  },
  storedAs: {
    group: 'autoscaling',
    version: 'v2',
    resource: 'horizontalpodautoscalers',
    toStored,
    fromStored,
  },
})
