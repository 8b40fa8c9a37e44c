// Counts what the objects of a namespace use, for the status of its ResourceQuotas: kube-controller-manager's
// resourcequota-controller. Admission adds to the numbers; here they are put right, above all when something
// has gone.
import type { Pod, ResourceQuota } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import { isUsedBy, quotaCounts, quotaUsage } from '../api/quotausage.ts'
import type { Resource } from '../api/resource.ts'
import { sumAmounts } from '../api/resources/core/pod/amounts.ts'
import type { Cache } from './cache.ts'
import { defineController, onChange, type ReconcileContext, type WatchSource } from './controller.ts'
import { pods, resourceQuotas } from './resources.ts'
import { sameValue } from './samevalue.ts'

/** Objects other than Pods are counted anew at the latest after so long. */
const recountMs = 10_000

/** What is used, of the names that the quota bounds. */
export function planUsage(
  quota: ResourceQuota,
  objects: readonly { readonly resource: Resource; readonly object: KubeObject }[],
  nowMs: number,
): Record<string, string> {
  const hard = Object.keys(quota.spec?.hard ?? {})
  const counted = objects.filter(({ resource, object }) => quotaCounts(quota, resource, object))
  const sum = sumAmounts(counted.map(({ resource, object }) => quotaUsage(resource, object, nowMs)))
  return Object.fromEntries(hard.map(name => [name, sum[name] ?? '0']))
}

const quotasOf = ({ metadata }: KubeObject, cache: Cache): string[] =>
  cache
    .inNamespace(resourceQuotas, metadata.namespace ?? '')
    .map(quota => `${quota.metadata.namespace}/${quota.metadata.name}`)

const hasEnded = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp !== undefined || status?.phase === 'Failed' || status?.phase === 'Succeeded'

/** A Pod that comes is counted by admission; one that ends or goes is counted here. */
const onPodEnd: WatchSource = onChange(
  pods,
  (pod, cache) => quotasOf(pod, cache),
  (pod, before) => hasEnded(pod) !== hasEnded(before),
)

export function resourceQuotaController({ resources }: { readonly resources: () => readonly Resource[] }) {
  return defineController({
    name: 'resourcequota-controller',
    for: resourceQuotas,
    watches: [onPodEnd],
    matters: (quota, before) =>
      !sameValue(quota.spec, before.spec) || !sameValue(quota.status?.hard, quota.spec?.hard),
    async reconcile(quota, context) {
      const { metadata, spec } = quota
      if (metadata.deletionTimestamp) return
      const used = planUsage(quota, await countedObjects(quota, context, resources()), context.clock.now())
      const isSame = sameValue(quota.status?.used, used) && sameValue(quota.status?.hard, spec?.hard)
      if (!isSame)
        await context.client.updateStatus(resourceQuotas, { ...quota, status: { hard: spec?.hard, used } })
      context.enqueueAfter(recountMs)
    },
  })
}

async function countedObjects(
  { spec, metadata }: ResourceQuota,
  { client, cache }: ReconcileContext,
  all: readonly Resource[],
): Promise<{ resource: Resource; object: KubeObject }[]> {
  const names = Object.keys(spec?.hard ?? {})
  const namespace = metadata.namespace ?? ''
  const wanted = all.filter(
    resource =>
      resource.namespaced && resource.verbs.includes('list') && names.some(name => isUsedBy(name, resource)),
  )
  const lists = wanted.map(async resource => {
    const isPods = resource.group === '' && resource.resource === 'pods'
    const items = isPods
      ? cache.inNamespace(pods, namespace)
      : (await client.list(resource, { namespace })).items
    return items.map(object => ({ resource, object: object as KubeObject }))
  })
  return (await Promise.all(lists)).flat()
}
