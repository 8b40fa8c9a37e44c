// How workload controllers make and remove Pods, with the Events and the caution of upstream's
// controller_utils: what they make goes out in batches that double as long as nothing fails.
import type { OwnerReference, Pod, PodTemplateSpec } from '../api/generated/types.ts'
import { controllerReference } from '../api/meta/owners.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/events.ts'
import { isNamespaceTerminating } from './namespaceterminating.ts'
import { pods } from './resources.ts'

/** On whose behalf Pods are made. */
export interface PodOwner {
  readonly resource: Resource
  readonly object: KubeObject
}

export interface PodControl {
  readonly client: Client
  readonly events: EventRecorder
}

/** `<owner>-`, shortened so that five more characters fit into a Pod's name. */
export const podNamePrefix = (name: string): string => `${name.slice(0, 246)}-`

/** The Pod that a template describes; the template's spec is shared, not copied. */
export function podFromTemplate(
  template: PodTemplateSpec | undefined,
  owner: { readonly namespace?: string; readonly generateName?: string; readonly reference: OwnerReference },
): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(owner.generateName ? { generateName: owner.generateName } : {}),
      namespace: owner.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [owner.reference],
    },
    spec: template?.spec,
  }
}

export async function createPod(control: PodControl, owner: PodOwner, pod: Pod): Promise<Pod> {
  try {
    const created = await control.client.create(pods, pod)
    const message = `Created pod: ${created.metadata.name}`
    control.events.event(owner, 'Normal', { reason: 'SuccessfulCreate', message })
    return created
  } catch (error) {
    if (!isNamespaceTerminating(error)) {
      const message = `Error creating: ${messageOf(error)}`
      control.events.event(owner, 'Warning', { reason: 'FailedCreate', message })
    }
    throw error
  }
}

/** A Pod that is gone already counts as deleted. */
export async function deletePod(control: PodControl, owner: PodOwner, pod: Pod): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  try {
    await control.client.delete(pods, { namespace, name }, { preconditions: { uid } })
  } catch (error) {
    if (isNotFound(error)) return
    const message = `Error deleting: ${messageOf(error)}`
    control.events.event(owner, 'Warning', { reason: 'FailedDelete', message })
    throw error
  }
  control.events.event(owner, 'Normal', { reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` })
}

/**
 * Calls `work` `count` times in batches of 1, 2, 4 ...; after a batch with a failure no further one is
 * begun, and the first failure is thrown.
 */
export async function inGrowingBatches(
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let begun = 0
  for (let size = 1; begun < count; size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - begun) }, (_, i) => work(begun + i))
    begun += batch.length
    const failed = (await Promise.allSettled(batch)).find(result => result.status === 'rejected')
    if (failed) throw failed.reason
  }
}

export interface ReplicaPlan {
  readonly create: number
  readonly remove: readonly Pod[]
}

/** Creates Pods from the template and deletes others; in a namespace that goes away nothing is created. */
export async function carryOutPlan(
  control: PodControl,
  owner: PodOwner,
  { create, remove, template }: ReplicaPlan & { readonly template: PodTemplateSpec | undefined },
): Promise<void> {
  if (create > 0) {
    const { namespace, name = '' } = owner.object.metadata
    const reference = controllerReference(owner.resource, owner.object)
    const pod = podFromTemplate(template, { namespace, generateName: podNamePrefix(name), reference })
    await inGrowingBatches(create, () =>
      createPod(control, owner, pod).catch(error => {
        if (!isNamespaceTerminating(error)) throw error
      }),
    )
  }
  const removals = await Promise.allSettled(remove.map(pod => deletePod(control, owner, pod)))
  const failed = removals.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
