// The ranges of ClusterIPs, primary first: from the ServiceCIDRs (KEP-1880, served since 1.33), else from
// what older servers say when they refuse a Service that asks for an address that cannot be theirs.
import type { Service } from '../api/generated/types.ts'
import { services } from '../api/resources/core/service.ts'
import type { Client } from '../client/client.ts'
import type { IPFamilies, IPFamily } from '../ip/family.ts'
import type { Inventory } from './inventory.ts'
import { type OwnedRange, ownedRanges } from './ranges.ts'
import type { VerifySettings } from './settings.ts'
import { attempt, attemptCreate, trialService } from './trialservices.ts'
import type { Workspace } from './workspace.ts'

export interface ServiceRanges {
  readonly ranges: readonly OwnedRange[]
  /** Ranges are ServiceCIDRs; without them only 65,536 addresses of a range are used. */
  readonly hasServiceCIDRs: boolean
}

/** Documentation addresses (RFC 5737, RFC 3849): of no cluster's range. */
const foreign: Readonly<Record<IPFamily, string>> = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }

function impossible(family: IPFamily): Service {
  const address = foreign[family]
  return trialService('PRE-04', {
    clusterIP: address,
    clusterIPs: [address],
    ipFamilies: [family],
    ipFamilyPolicy: 'SingleStack',
  })
}

const rangeIn = (message: string): string | undefined =>
  /range of valid IPs is ([0-9a-fA-F.:]+\/\d+)/.exec(message)?.[1]

interface Asking {
  readonly client: Client
  readonly inventory: Inventory
  readonly mode: { readonly families: IPFamilies }
  readonly workspace: Workspace
  readonly settings: Pick<VerifySettings, 'profile' | 'readOnly'>
}

/** Before 1.22 a dry run allocates nothing and so says nothing: there it has to be asked in earnest. */
async function askFor(asking: Asking, family: IPFamily): Promise<readonly OwnedRange[]> {
  const { client, workspace, settings } = asking
  const tried = impossible(family)
  tried.metadata.namespace = 'default'
  const dry = await attempt(client.create(services, tried, { dryRun: true }))
  const mayWrite = settings.profile !== 'quick' && !settings.readOnly
  const answer = 'made' in dry && mayWrite ? await attemptCreate(workspace, impossible(family)) : dry
  if ('made' in answer && answer !== dry) await workspace.remove(services, answer.made.metadata.name ?? '')
  const range = 'refused' in answer ? rangeIn(answer.refused.message) : undefined
  return range ? ownedRanges('--service-cluster-ip-range', [range]) : []
}

/** Undefined when nothing says them: no rights, or a server that words it otherwise. */
export async function findServiceRanges(asking: Asking): Promise<ServiceRanges | undefined> {
  const { inventory, mode } = asking
  const objects = await inventory.serviceCIDRs().catch(() => undefined)
  if (objects) {
    const ranges = objects.flatMap(({ metadata, spec }) =>
      ownedRanges(`ServiceCIDR ${metadata.name}`, spec?.cidrs ?? []),
    )
    return { ranges, hasServiceCIDRs: true }
  }
  const asked = await Promise.all(mode.families.map(family => askFor(asking, family).catch(() => [])))
  const ranges = asked.flat()
  return ranges.length === 0 ? undefined : { ranges, hasServiceCIDRs: false }
}
