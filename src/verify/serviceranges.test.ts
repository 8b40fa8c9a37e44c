import { expect, test } from 'vitest'
import type { ServiceCIDR } from '../api/generated/types.ts'
import { StatusError } from '../api/status.ts'
import type { Transport, TransportRequest } from '../api/transport.ts'
import { Client } from '../client/client.ts'
import { familyOrders, type IPFamilies } from '../ip/family.ts'
import type { Inventory } from './inventory.ts'
import { showRange } from './ranges.ts'
import { findServiceRanges } from './serviceranges.ts'
import type { Workspace } from './workspace.ts'

const words = {
  IPv4: 'provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/16',
  IPv6: 'provided IP is not in the valid range. The range of valid IPs is fd00:10:96::/112',
}

/** A server that refuses foreign addresses; one before 1.22 only when it is asked in earnest. */
class Refusing implements Transport {
  readonly asked: string[] = []
  readonly #refusesDryRuns: boolean

  constructor(refusesDryRuns: boolean) {
    this.#refusesDryRuns = refusesDryRuns
  }

  async request<T>({ path, query, body }: TransportRequest) {
    const isDry = query?.dryRun === 'All'
    this.asked.push(`${path}${isDry ? ' dry' : ''}`)
    const [family] = Object(body).spec.ipFamilies as ['IPv4' | 'IPv6']
    if (!isDry || this.#refusesDryRuns) {
      const message = `Service "x" is invalid: spec.clusterIPs: Invalid value: ${words[family]}`
      throw new StatusError({ code: 422, reason: 'Invalid', message })
    }
    return { status: 201, warnings: [], body: body as T }
  }

  watch(): never {
    throw new Error('nothing is watched')
  }
}

function asking(transport: Transport, families: IPFamilies, serviceCIDRs?: readonly ServiceCIDR[]) {
  const client = new Client(transport)
  const workspace: Partial<Workspace> = {
    create: async (resource, object) =>
      client.create(resource, { ...object, metadata: { ...object.metadata, namespace: 'scratch' } }),
    remove: async () => undefined,
  }
  return {
    client,
    mode: { families },
    inventory: { serviceCIDRs: async () => serviceCIDRs } as Inventory,
    workspace: workspace as Workspace,
    settings: { profile: 'standard' as const, readOnly: false },
  }
}

test('ServiceCIDRs say their ranges themselves', async () => {
  const serviceCIDR = { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16'] } }
  const transport = new Refusing(true)
  const found = await findServiceRanges(asking(transport, ['IPv4'], [serviceCIDR]))
  expect(found?.ranges.map(showRange)).toEqual(['ServiceCIDR kubernetes 10.96.0.0/16'])
  expect(transport.asked).toEqual([])
})

test.each(familyOrders.map(families => ({ families })))(
  'A server without them says the ranges of $families when it refuses an address',
  async ({ families }) => {
    const transport = new Refusing(true)
    const found = await findServiceRanges(asking(transport, families))
    expect(found?.ranges.map(({ cidr }) => cidr.family)).toEqual(families)
    expect(found?.hasServiceCIDRs).toBe(false)
    expect(transport.asked).toEqual(families.map(() => '/api/v1/namespaces/default/services dry'))
  },
)

test('An older server is asked in earnest, but only where something may be made', async () => {
  const transport = new Refusing(false)
  const asked = asking(transport, ['IPv6'])
  const found = await findServiceRanges(asked)
  expect(found?.ranges.map(showRange)).toEqual(['--service-cluster-ip-range fd00:10:96::/112'])
  expect(transport.asked.at(-1)).toBe('/api/v1/namespaces/scratch/services')
  for (const settings of [
    { profile: 'quick' as const, readOnly: false },
    { profile: 'standard' as const, readOnly: true },
  ]) {
    expect(await findServiceRanges({ ...asked, settings })).toBeUndefined()
  }
  expect(transport.asked).toHaveLength(4)
})
