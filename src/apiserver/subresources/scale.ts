// The scale subresource: how many replicas are wanted and how many there are, in the same form for every kind
// that has replicas (autoscaling/v1 Scale). Follows upstream's pkg/registry/apps/*/storage.
import { invalid, invalidValue } from '../../api/fields.ts'
import type { LabelSelector, Scale } from '../../api/generated/types.ts'
import { formatLabelSelector, labelRequirements } from '../../api/meta/labels.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest, isNotFound, notFound } from '../../api/status.ts'
import type { StoredObject } from '../registry/registry.ts'
import type { SubresourceCall, SubresourceEndpointFactory } from './endpoint.ts'

/** What all kinds that can be scaled have; a ReplicationController's selector is a plain map. */
interface Scalable extends KubeObject {
  spec?: { replicas?: number; selector?: LabelSelector | Record<string, string> }
  status?: { replicas?: number }
}

const scaleKind = { group: 'autoscaling', resource: 'scales', kind: 'Scale' }

export const scaleEndpoint: SubresourceEndpointFactory = () => ({
  async get(call) {
    const { context, registry, namespace, name } = call
    return scaleOf(await registry.get(context, namespace, name).catch(error => missing(error, call)))
  },
  async update(call, { transform, isPatch = false }) {
    const { context, registry, namespace, name, dryRun } = call
    const { stored } = await registry.update(
      context,
      { namespace, name },
      {
        subresource: 'scale',
        dryRun,
        isPatch,
        transform: async current => {
          const scale = (await transform(toScale(current as Scalable))) as Scale
          check(scale, call)
          return scaled(current as Scalable, scale)
        },
      },
    )
    return scaleOf(stored)
  },
})

/** What is missing is the scale, as upstream says it. */
function missing(error: unknown, { registry, name }: SubresourceCall): never {
  const { group, resource } = registry.resource
  throw isNotFound(error) ? notFound({ group, resource: `${resource}/scale` }, name) : error
}

const scaleOf = ({ object }: StoredObject) => toScale(object as Scalable)

function toScale({ metadata, spec, status }: Scalable): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata
  const selector = selectorText(spec?.selector)
  const scale = {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(selector === '' ? {} : { selector }) },
  }
  return scale as KubeObject
}

function selectorText(selector: LabelSelector | Record<string, string> = {}): string {
  const isObject = typeof selector.matchLabels === 'object' || Array.isArray(selector.matchExpressions)
  const whole = isObject ? selector : { matchLabels: selector as Record<string, string> }
  return formatLabelSelector(labelRequirements(whole) ?? [])
}

function check(scale: Scale, { name, namespace }: SubresourceCall): void {
  const { metadata = {} } = scale
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  const replicas = scale.spec?.replicas ?? 0
  if (replicas >= 0) return
  const problem = invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')
  throw invalid(scaleKind, name, [problem])
}

/** The object with the wanted number; it insists on what the Scale insists on. */
function scaled(object: Scalable, { metadata, spec }: Scale): KubeObject {
  const { resourceVersion, uid } = metadata ?? {}
  const changed: Scalable = {
    ...object,
    metadata: {
      ...object.metadata,
      uid: uid || object.metadata.uid!,
      resourceVersion: resourceVersion ?? '',
    },
    spec: { ...object.spec, replicas: spec?.replicas ?? 0 },
  }
  return changed
}
