// Says of each ServiceCIDR that it is ready, and keeps one that is being deleted until no ClusterIP depends
// on it: kube-controller-manager's service-cidr-controller (KEP-1880). IPAddresses are listed only while
// something is being deleted; there may be very many.
import type { Condition, IPAddress, ServiceCIDR } from '../api/generated/types.ts'
import { findCondition, withCondition } from '../api/meta/conditions.ts'
import { ipAddresses } from '../api/resources/networking.k8s.io/ipaddress.ts'
import { serviceCIDRs } from '../api/resources/networking.k8s.io/servicecidr.ts'
import { parseAddress } from '../ip/address.ts'
import { type CIDR, cidrContains, cidrCovers, parseCIDR } from '../ip/cidr.ts'
import { defineController, onChange, type ReconcileContext } from './controller.ts'

export const serviceCIDRFinalizer = 'networking.k8s.io/service-cidr-finalizer'
const managedByLabel = 'ipaddress.kubernetes.io/managed-by'
/** By then every server has seen that the range is going, and gives out no more of it. */
const deletionGraceMs = 10_000
const recheckMs = 5000

const readyMessage = 'Kubernetes Service CIDR is ready'
const blockedMessage =
  'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR'

const rangesOf = ({ spec }: ServiceCIDR): CIDR[] => (spec?.cidrs ?? []).flatMap(cidr => parseCIDR(cidr) ?? [])

/** The ranges of all others that stay. */
function otherRanges(serviceCIDR: ServiceCIDR, all: readonly ServiceCIDR[]): CIDR[] {
  return all
    .filter(({ metadata }) => metadata.name !== serviceCIDR.metadata.name && !metadata.deletionTimestamp)
    .flatMap(rangesOf)
}

/** Do others contain all that it contains? Then nothing can depend on it alone. */
export function isCovered(serviceCIDR: ServiceCIDR, all: readonly ServiceCIDR[]): boolean {
  const others = otherRanges(serviceCIDR, all)
  return rangesOf(serviceCIDR).every(range => others.some(other => cidrCovers(other, range)))
}

/** An address that would belong to no range any more. */
export function findOrphan(
  serviceCIDR: ServiceCIDR,
  all: readonly ServiceCIDR[],
  names: readonly string[],
): string | undefined {
  const [own, others] = [rangesOf(serviceCIDR), otherRanges(serviceCIDR, all)]
  return names.find(name => {
    const address = parseAddress(name)
    if (!address || !own.some(range => cidrContains(range, address))) return false
    return !others.some(range => cidrContains(range, address))
  })
}

/** Names of the addresses that the API server gave to Services. */
async function allocatedAddresses({ client }: ReconcileContext): Promise<string[]> {
  const names: string[] = []
  const labelSelector = `${managedByLabel}=ipallocator.k8s.io`
  let next: string | undefined
  do {
    const page: { items: IPAddress[]; metadata: { continue?: string } } = await client.list(ipAddresses, {
      labelSelector,
      limit: 500,
      ...(next ? { continue: next } : {}),
    })
    for (const { metadata } of page.items) names.push(metadata.name ?? '')
    next = page.metadata.continue || undefined
  } while (next)
  return names
}

type Ready = Pick<Condition, 'status' | 'reason' | 'message'>

async function setReady(serviceCIDR: ServiceCIDR, ready: Ready, context: ReconcileContext): Promise<void> {
  const before = serviceCIDR.status?.conditions ?? []
  const condition = { type: 'Ready', ...ready } as Condition
  const conditions = withCondition(before, condition, context.clock.now())
  if (conditions === before) return
  const status = { ...serviceCIDR.status, conditions: [...conditions] }
  await context.client.updateStatus(serviceCIDRs, { ...serviceCIDR, status })
}

async function setFinalizers(
  serviceCIDR: ServiceCIDR,
  finalizers: string[],
  { client }: ReconcileContext,
): Promise<ServiceCIDR> {
  const metadata = { ...serviceCIDR.metadata, finalizers }
  return client.update(serviceCIDRs, { ...serviceCIDR, metadata })
}

async function finish(serviceCIDR: ServiceCIDR, context: ReconcileContext): Promise<void> {
  const { finalizers = [], deletionTimestamp = '' } = serviceCIDR.metadata
  if (!finalizers.includes(serviceCIDRFinalizer)) return
  const all = context.cache.list(serviceCIDRs)
  const isFree =
    isCovered(serviceCIDR, all) ||
    findOrphan(serviceCIDR, all, await allocatedAddresses(context)) === undefined
  if (!isFree) {
    context.enqueueAfter(recheckMs)
    const ready = { status: 'False', reason: 'Terminating', message: blockedMessage }
    return setReady(serviceCIDR, ready, context)
  }
  const leftMs = Date.parse(deletionTimestamp) + deletionGraceMs - context.clock.now()
  if (leftMs > 0) return context.enqueueAfter(leftMs)
  const others = finalizers.filter(finalizer => finalizer !== serviceCIDRFinalizer)
  await setFinalizers(serviceCIDR, others, context)
}

export const serviceCIDRController = defineController<ServiceCIDR>({
  name: 'service-cidr-controller',
  for: serviceCIDRs,
  workers: 1,
  /** Whether one may go depends on the others. */
  watches: [
    onChange(serviceCIDRs, (_, cache) =>
      cache
        .list(serviceCIDRs)
        .flatMap(({ metadata }) => (metadata.deletionTimestamp ? [metadata.name!] : [])),
    ),
  ],
  async reconcile(serviceCIDR, context) {
    if (serviceCIDR.metadata.deletionTimestamp) return finish(serviceCIDR, context)
    const { finalizers = [] } = serviceCIDR.metadata
    const current = finalizers.includes(serviceCIDRFinalizer)
      ? serviceCIDR
      : await setFinalizers(serviceCIDR, [...finalizers, serviceCIDRFinalizer], context)
    if (findCondition(current.status?.conditions, 'Ready')?.status === 'True') return
    await setReady(current, { status: 'True', reason: '', message: readyMessage }, context)
  },
})
