// Finds out which families the Services of a cluster have, primary first (KEP-563): from its ServiceCIDRs
// (KEP-1880) where it has them, else from the `kubernetes` Service, whose family is the primary one, and the
// answer to a RequireDualStack Service that is only tried (dry run).
import type { Service, ServiceCIDR } from '../api/generated/types.ts'
import { services } from '../api/resources/core/service.ts'
import { isForbidden, isInvalid } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { familyOf, familyOfCIDR, type IPFamilies, type IPFamily, otherFamily } from '../ip/family.ts'
import type { Mode } from './check.ts'
import type { Inventory } from './inventory.ts'
import type { VerifySettings } from './settings.ts'

const isFamily = (family: IPFamily | undefined): family is IPFamily => family !== undefined

const unique = (families: readonly (IPFamily | undefined)[]): IPFamilies => [
  ...new Set(families.filter(isFamily)),
]

/**
 * The ServiceCIDR `kubernetes` comes from the server's flags: its families are those that Services may have,
 * in its order. Others only add addresses.
 */
function modeOfServiceCIDRs(ranges: readonly ServiceCIDR[]): Mode {
  const own = ranges.filter(({ metadata }) => metadata.name === 'kubernetes')
  const deciding = own.length > 0 ? own : ranges
  const evidence = ranges
    .map(({ metadata, spec }) => `ServiceCIDR ${metadata.name}: ${(spec?.cidrs ?? []).join(', ')}`)
    .join('; ')
  return { families: unique(deciding.flatMap(({ spec }) => spec?.cidrs ?? []).map(familyOfCIDR)), evidence }
}

const addressesOf = ({ spec }: Service): readonly string[] => spec?.clusterIPs ?? []

function trialService(namespace: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { generateName: 'futago-verify-', namespace },
    spec: { ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }], selector: { app: 'none' } },
  }
}

/** From what exists, when nothing may be tried. */
async function modeOfExisting(inventory: Inventory, primary: IPFamily, why: string): Promise<Mode> {
  const all = await inventory.services()
  const dual = all.find(service => addressesOf(service).length > 1)
  const families = dual ? [primary, otherFamily(primary)] : [primary]
  const seen = dual
    ? `Service ${dual.metadata.namespace}/${dual.metadata.name}: ${addressesOf(dual).join(', ')}`
    : `none of ${all.length} Services has two ClusterIPs`
  return { families, evidence: `${seen} (${why})` }
}

async function modeOfTrial(client: Client, inventory: Inventory, namespace: string): Promise<Mode> {
  const kubernetes = await client.get(services, { namespace: 'default', name: 'kubernetes' })
  const address = addressesOf(kubernetes)[0] ?? kubernetes.spec?.clusterIP
  const primary = familyOf(address ?? '') ?? 'IPv4'
  try {
    const made = await client.create(services, trialService(namespace), { dryRun: true })
    const families = unique((made.spec?.ipFamilies ?? []) as IPFamily[])
    const evidence = `Service default/kubernetes: ${address}; a RequireDualStack Service would get ${
      families.join(', ') || primary
    } (dry run)`
    return { families: families.length > 0 ? families : [primary], evidence }
  } catch (error) {
    if (isInvalid(error)) {
      const evidence = `Service default/kubernetes: ${address}; a RequireDualStack Service is refused: ${
        (error as Error).message
      }`
      return { families: [primary], evidence }
    }
    const why = isForbidden(error) ? 'no right to try a Service' : (error as Error).message
    return modeOfExisting(inventory, primary, why)
  }
}

/** Throws the server's StatusError when not even the `kubernetes` Service can be read. */
export async function detectMode(
  client: Client,
  inventory: Inventory,
  { namespace = 'default' }: { readonly namespace?: string } = {},
): Promise<Mode> {
  const ranges = await inventory.serviceCIDRs().catch(error => {
    if (isForbidden(error)) return undefined
    throw error
  })
  if (ranges && ranges.length > 0) return modeOfServiceCIDRs(ranges)
  return modeOfTrial(client, inventory, namespace)
}

const primaryFirst = (families: IPFamilies, primary: IPFamily): IPFamilies =>
  [...families].sort((a, b) => Number(b === primary) - Number(a === primary))

/** What the cluster is measured against, primary first. */
export function expectedFamilies(
  mode: Mode,
  { expect, primary }: Pick<VerifySettings, 'expect' | 'primary'>,
): IPFamilies {
  const first = primary ?? mode.families[0] ?? 'IPv4'
  if (expect === 'ipv4') return ['IPv4']
  if (expect === 'ipv6') return ['IPv6']
  if (expect === 'dual') return [first, otherFamily(first)]
  return primaryFirst(mode.families, first)
}
