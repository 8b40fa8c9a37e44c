// The ranges of ClusterIPs, primary first: from the ServiceCIDRs (KEP-1880, served since 1.33), else from
// what older servers say when a Service asks for an address that cannot be theirs (tried, not made).
import { services } from '../api/resources/core/service.ts'
import { isInvalid } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { IPFamilies, IPFamily } from '../ip/family.ts'
import type { Inventory } from './inventory.ts'
import { type OwnedRange, ownedRanges } from './ranges.ts'
import { trialService } from './trialservices.ts'

export interface ServiceRanges {
  readonly ranges: readonly OwnedRange[]
  /** Ranges are ServiceCIDRs; without them only 65,536 addresses of a range are used. */
  readonly hasServiceCIDRs: boolean
}

/** Documentation addresses (RFC 5737, RFC 3849): of no cluster's range. */
const foreign: Readonly<Record<IPFamily, string>> = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }

async function askFor(client: Client, family: IPFamily): Promise<readonly OwnedRange[]> {
  const service = trialService('PRE-04', {
    clusterIP: foreign[family],
    clusterIPs: [foreign[family]],
    ipFamilies: [family],
    ipFamilyPolicy: 'SingleStack',
  })
  service.metadata.namespace = 'default'
  try {
    await client.create(services, service, { dryRun: true })
    return []
  } catch (error) {
    if (!isInvalid(error)) throw error
    const range = /range of valid IPs is ([0-9a-fA-F.:]+\/\d+)/.exec((error as Error).message)?.[1]
    return range ? ownedRanges('--service-cluster-ip-range', [range]) : []
  }
}

/** Undefined when nothing says them: no rights, or a server that words it otherwise. */
export async function findServiceRanges(context: {
  readonly client: Client
  readonly inventory: Inventory
  readonly mode: { readonly families: IPFamilies }
}): Promise<ServiceRanges | undefined> {
  const { client, inventory, mode } = context
  const objects = await inventory.serviceCIDRs().catch(() => undefined)
  if (objects) {
    const ranges = objects.flatMap(({ metadata, spec }) =>
      ownedRanges(`ServiceCIDR ${metadata.name}`, spec?.cidrs ?? []),
    )
    return { ranges, hasServiceCIDRs: true }
  }
  const asked = await Promise.all(mode.families.map(family => askFor(client, family).catch(() => [])))
  const ranges = asked.flat()
  return ranges.length === 0 ? undefined : { ranges, hasServiceCIDRs: false }
}
