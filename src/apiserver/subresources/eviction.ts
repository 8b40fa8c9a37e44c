// pods/eviction: deletes a Pod unless its PodDisruptionBudget forbids it, and takes the deletion off the
// budget. Follows upstream's pkg/registry/core/pod/storage/eviction.go.
import type { Eviction, Pod, PodDisruptionBudget } from '../../api/generated/types.ts'
import { labelMatcher } from '../../api/meta/labels.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest, forbidden, isConflict, StatusError } from '../../api/status.ts'
import { timestamp } from '../registry/create.ts'
import type { DeleteOptions, Registry } from '../registry/registry.ts'
import {
  type SubresourceCall,
  type SubresourceEndpointFactory,
  type SubresourceServices,
  success,
} from './endpoint.ts'

const attempts = 20
const mostDisruptedPods = 2_000
const violation = "Cannot evict pod as it would violate the pod's disruption budget."
const budgetResource = { group: 'policy', resource: 'poddisruptionbudget' }

export const evictionEndpoint: SubresourceEndpointFactory = services => ({
  async create(call, body) {
    const eviction = body as unknown as Eviction
    const { context, registry, namespace, name } = call
    if (eviction.metadata?.name !== name) {
      throw badRequest('name in URL does not match name in Eviction object')
    }
    const stored = await registry.get(context, namespace, name)
    const pod = stored.object as Pod
    const options = deleteOptionsOf(eviction, call)
    const budget = mayIgnoreBudget(pod) ? undefined : await budgetOf(services, { call, pod })
    if (budget && !isHealthyWithout(pod, budget)) await spend(services, { call, budget })
    // What was decided must still be true of the Pod when it is deleted.
    const insists = budget !== undefined && options.preconditions?.resourceVersion === undefined
    const preconditions = { ...options.preconditions, resourceVersion: String(stored.revision) }
    try {
      await markAndDelete(services, { call, options: insists ? { ...options, preconditions } : options })
    } catch (error) {
      if (insists && isConflict(error)) throw tooManyRequests(stillProcessed(budget.metadata?.name ?? ''))
      throw error
    }
    return success(201)
  },
})

function deleteOptionsOf({ deleteOptions = {} }: Eviction, { dryRun }: SubresourceCall): DeleteOptions {
  const { gracePeriodSeconds, propagationPolicy, preconditions } = deleteOptions
  return {
    dryRun: dryRun || (deleteOptions.dryRun?.length ?? 0) > 0,
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy && { propagationPolicy: propagationPolicy as 'Background' }),
    ...(preconditions && { preconditions }),
  }
}

/** Pods that do not run, or no longer, disrupt nobody. */
function mayIgnoreBudget({ metadata, status }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined || status?.phase !== 'Running'
}

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false

/** A Pod that is not ready does not count: the budget is not touched. */
function isHealthyWithout(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isReady(pod)) return false
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  return (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0) && (status?.desiredHealthy ?? 0) > 0
}

const budgetsOf = ({ lookup }: SubresourceServices): Registry | undefined =>
  lookup('policy', 'v1', 'poddisruptionbudgets')

async function budgetOf(
  services: SubresourceServices,
  { call, pod }: { call: SubresourceCall; pod: Pod },
): Promise<PodDisruptionBudget | undefined> {
  const list = await budgetsOf(services)?.list(call.context, { namespace: call.namespace })
  const labels = pod.metadata?.labels ?? {}
  const matching = (list?.items ?? [])
    .map(item => item.object as PodDisruptionBudget)
    .filter(budget => labelMatcher(budget.spec?.selector)(labels))
  if (matching.length <= 1) return matching[0]
  const message =
    'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
  throw new StatusError({ code: 500, reason: '', message })
}

function tooManyRequests(message: string): StatusError {
  return new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message: violation,
    details: { causes: [{ reason: 'DisruptionBudget', message }] },
  })
}

const stillProcessed = (name: string) =>
  `The disruption budget ${name} is still being processed by the server.`

/** Takes one disruption off the budget, or throws. */
async function spend(
  services: SubresourceServices,
  { call, budget }: { call: SubresourceCall; budget: PodDisruptionBudget },
): Promise<void> {
  const { context, namespace, name, dryRun } = call
  const now = timestamp(services.clock.now())
  for (let attempt = 1; ; attempt++) {
    try {
      await budgetsOf(services)!.update(
        context,
        { namespace, name: budget.metadata?.name ?? '' },
        {
          subresource: 'status',
          dryRun,
          isPatch: true,
          transform: current => spent(current as PodDisruptionBudget, { pod: name, now }),
        },
      )
      return
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error
    }
  }
}

function spent(budget: PodDisruptionBudget, { pod, now }: { pod: string; now: string }): KubeObject {
  const { metadata, status } = budget
  const name = metadata?.name ?? ''
  const allowed = status?.disruptionsAllowed ?? 0
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    throw tooManyRequests(stillProcessed(name))
  }
  if (allowed < 0) throw forbidden(budgetResource, name, 'pdb disruptions allowed is negative')
  if (Object.keys(status?.disruptedPods ?? {}).length > mostDisruptedPods) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller'
    throw forbidden(budgetResource, name, why)
  }
  if (allowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status ?? {}
    throw tooManyRequests(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    )
  }
  budget.status = {
    ...status!,
    disruptionsAllowed: allowed - 1,
    disruptedPods: { ...status?.disruptedPods, [pod]: now },
  }
  return budget as KubeObject
}

/** Says on the Pod why it goes, as far as it does not go at once. */
async function markAndDelete(
  { clock }: SubresourceServices,
  { call, options }: { call: SubresourceCall; options: DeleteOptions },
): Promise<void> {
  const { context, registry, namespace, name } = call
  const target = { namespace, name }
  const wanted = options.preconditions?.resourceVersion
  const { stored } = await registry.update(context, target, {
    subresource: 'status',
    dryRun: options.dryRun ?? false,
    isPatch: true,
    transform: pod => {
      if (wanted !== undefined) pod!.metadata.resourceVersion = wanted
      return withCondition(pod as Pod, timestamp(clock.now()))
    },
  })
  const preconditions = wanted === undefined ? {} : { resourceVersion: String(stored.revision) }
  await registry.delete(context, target, {
    ...options,
    preconditions: { ...options.preconditions, ...preconditions },
  })
}

function withCondition(pod: Pod, lastTransitionTime: string): KubeObject {
  const conditions = pod.status?.conditions ?? []
  if (conditions.some(({ type }) => type === 'DisruptionTarget')) return pod as KubeObject
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime,
  }
  pod.status = { ...pod.status, conditions: [...conditions, condition] }
  return pod as KubeObject
}
