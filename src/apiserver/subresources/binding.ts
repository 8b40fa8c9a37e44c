// pods/binding: puts a Pod on a node, once. Follows upstream's pkg/registry/core/pod/storage.
import type { Binding, Pod, PodCondition } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest, conflict } from '../../api/status.ts'
import { timestamp } from '../registry/create.ts'
import type { SubresourceCall, SubresourceEndpointFactory } from './endpoint.ts'
import { success } from './endpoint.ts'

const bindings = { group: '', resource: 'pods/binding' }

export const bindingEndpoint: SubresourceEndpointFactory = ({ clock }) => ({
  async create(call, body) {
    const binding = body as unknown as Binding
    check(binding, call)
    const { context, registry, namespace, name, dryRun } = call
    await registry.update(
      context,
      { namespace, name },
      {
        subresource: 'binding',
        isPatch: true,
        dryRun,
        transform: pod => bound(pod as Pod, { binding, now: timestamp(clock.now()) }),
      },
    )
    return success(201)
  },
})

function check({ metadata, target }: Binding, { name }: SubresourceCall): void {
  if (metadata?.name !== name) throw badRequest('name in URL does not match name in Binding object')
  const { kind = '' } = target
  if (kind !== '' && kind !== 'Node') {
    throw badRequest(
      `target.kind: Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`,
    )
  }
  if (!target.name) throw badRequest('target.name: Required value')
}

function bound(pod: Pod, { binding, now }: { binding: Binding; now: string }): KubeObject {
  const { metadata, spec } = pod
  const name = metadata?.name ?? ''
  const { uid, resourceVersion, annotations } = binding.metadata ?? {}
  if (uid && uid !== metadata?.uid) {
    throw conflict(
      bindings,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata?.uid}`,
    )
  }
  if (metadata?.deletionTimestamp) {
    throw conflict(bindings, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  }
  if (spec?.nodeName) {
    throw conflict(bindings, name, `pod ${name} is already assigned to node "${spec.nodeName}"`)
  }
  if ((spec?.schedulingGates?.length ?? 0) > 0) {
    throw conflict(bindings, name, `pod ${name} has non-empty .spec.schedulingGates`)
  }
  if (resourceVersion) metadata!.resourceVersion = resourceVersion
  if (annotations) metadata!.annotations = { ...metadata!.annotations, ...annotations }
  spec!.nodeName = binding.target.name!
  pod.status = { ...pod.status, conditions: scheduled(pod.status?.conditions ?? [], now) }
  return pod as KubeObject
}

function scheduled(conditions: readonly PodCondition[], now: string): PodCondition[] {
  const before = conditions.find(({ type }) => type === 'PodScheduled')
  const lastTransitionTime = before?.status === 'True' ? before.lastTransitionTime : now
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    ...(lastTransitionTime && { lastTransitionTime }),
  }
  return before ? conditions.map(old => (old === before ? condition : old)) : [...conditions, condition]
}
