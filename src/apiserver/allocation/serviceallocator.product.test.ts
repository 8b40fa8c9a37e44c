// Every combination of Service type, addresses, families, policy and selector on every cluster, against the
// rules written down once more in the fewest words: what a Service gets, or which fields are at fault.
import { describe, expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/generated/types.ts'
import { StatusError } from '../../api/status.ts'
import { familyOf, familyOrders, type IPFamilies, type IPFamily, otherFamily } from '../../ip/family.ts'
import { type FakeServices, openFakeServices, rangesOf } from './services.fake.ts'

const wanted = { IPv4: '10.96.7.7', IPv6: 'fd00:10:96::777' } as const
const types = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']
const addressLists: readonly (readonly string[])[] = [
  [],
  ['None'],
  [wanted.IPv4],
  [wanted.IPv6],
  [wanted.IPv4, wanted.IPv6],
  [wanted.IPv6, wanted.IPv4],
]
const familyLists: readonly IPFamilies[] = [[], ...familyOrders]
const policies = [undefined, 'SingleStack', 'PreferDualStack', 'RequireDualStack']

interface Request {
  readonly type: string
  readonly addresses: readonly string[]
  readonly families: IPFamilies
  readonly policy: string | undefined
  readonly selector: boolean
}

type Outcome =
  | { readonly policy: string; readonly families: IPFamilies; readonly addresses: readonly string[] }
  | { readonly faults: readonly string[] }
  | 'nothing'

const isHeadless = ({ addresses }: Request) => addresses[0] === 'None'
const dual = (families: IPFamilies): IPFamilies => [families[0]!, otherFamily(families[0]!)]

function expectedForExternalName(request: Request): Outcome {
  const faults = [
    ...(request.addresses.length > 0 ? ['spec.clusterIPs'] : []),
    ...(request.families.length > 0 ? ['spec.ipFamilies'] : []),
    ...(request.policy ? ['spec.ipFamilyPolicy'] : []),
  ]
  return faults.length > 0 ? { faults } : 'nothing'
}

function expected(request: Request, cluster: IPFamilies): Outcome {
  if (request.type === 'ExternalName') return expectedForExternalName(request)
  const headless = isHeadless(request)
  const free = headless && !request.selector
  const asked = headless ? [] : request.addresses
  const both = asked.length === 2 || request.families.length === 2
  const policy = request.policy ?? (both || free ? 'RequireDualStack' : 'SingleStack')
  const named =
    (request.policy ?? (both ? policy : '')) === 'RequireDualStack' && request.families.length === 1
      ? dual(request.families)
      : request.families
  const addressFamilies = asked.map(address => familyOf(address)!)
  const mismatched = addressFamilies.flatMap((family, index) =>
    named[index] && named[index] !== family ? [`spec.clusterIPs[${index}]`] : [],
  )
  if (mismatched.length > 0) return { faults: mismatched }
  const single = policy === 'SingleStack'
  const inferred = addressFamilies.slice(named.length)
  const early = [
    ...(single && asked.length === 2 ? ['spec.ipFamilyPolicy'] : []),
    ...(single && named.length === 2 ? ['spec.ipFamilyPolicy'] : []),
    ...inferred.flatMap((family, index) =>
      cluster.includes(family) ? [] : [`spec.clusterIPs[${named.length + index}]`],
    ),
  ]
  if (early.length > 0) return { faults: early }
  const known = [...named, ...inferred]
  const late = [
    ...(policy === 'RequireDualStack' && cluster.length < 2 ? ['spec.ipFamilyPolicy'] : []),
    ...known.flatMap((family, index) => (cluster.includes(family) ? [] : [`spec.ipFamilies[${index}]`])),
  ]
  if (!free && late.length > 0) return { faults: late }
  const start = known.length > 0 ? known : [cluster[0]!]
  const grows = !single && start.length === 1 && (free || cluster.length === 2)
  const families = grows ? dual(start) : start
  if (headless && request.type !== 'ClusterIP') return { faults: ['spec.clusterIPs[0]'] }
  return { policy, families, addresses: headless ? ['None'] : families.map((_, i) => asked[i] ?? 'any') }
}

function specOf(request: Request): ServiceSpec {
  const { type, addresses, families, policy, selector } = request
  return {
    type,
    ports: [{ port: 80 }],
    ...(type === 'ExternalName' ? { externalName: 'db.example.com' } : {}),
    ...(addresses.length > 0 ? { clusterIP: addresses[0], clusterIPs: [...addresses] } : {}),
    ...(families.length > 0 ? { ipFamilies: [...families] } : {}),
    ...(policy ? { ipFamilyPolicy: policy } : {}),
    ...(selector ? { selector: { app: 'web' } } : {}),
  }
}

function outcomeOf({ spec }: Service, asked: readonly string[]): Outcome {
  if (!spec?.ipFamilyPolicy) return 'nothing'
  const families = (spec.ipFamilies ?? []) as IPFamily[]
  const addresses = (spec.clusterIPs ?? []).map((address, index) => {
    if (asked.includes(address)) return address
    return familyOf(address) === families[index] ? 'any' : `wrong: ${address}`
  })
  return { policy: spec.ipFamilyPolicy, families, addresses }
}

async function actual(services: FakeServices, request: Request): Promise<Outcome> {
  try {
    const made = await services.create('web', specOf(request))
    await services.delete('web')
    return outcomeOf(made, request.addresses)
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 422) throw error
    return { faults: error.details?.causes?.map(({ field }) => field ?? '') ?? [] }
  }
}

function* everyRequest(): Generator<Request> {
  for (const type of types)
    for (const addresses of addressLists)
      for (const families of familyLists)
        for (const policy of policies)
          for (const selector of [true, false]) yield { type, addresses, families, policy, selector }
}

describe.each(familyOrders.map(cluster => ({ cluster })))('on a cluster of $cluster', ({ cluster }) => {
  test('every Service gets what the rules say, and leaves nothing behind', async () => {
    const services = await openFakeServices({ ranges: cluster.map(family => rangesOf[family]) })
    let accepted = 0
    for (const request of everyRequest()) {
      const outcome = await actual(services, request)
      expect(outcome, JSON.stringify(request)).toEqual(expected(request, cluster))
      if (outcome === 'nothing' || 'policy' in outcome) accepted++
    }
    expect(accepted).toBeGreaterThan(90)
    expect(await services.ipAddresses()).toHaveLength(1)
    expect(await services.nodePorts()).toEqual([])
  })
})

interface Change {
  readonly from: ServiceSpec
  readonly to: ServiceSpec
  /**
   * Sent as it was stored, with these changes; otherwise `to` alone, as `kubectl replace` sends a manifest.
   */
  readonly edit?: boolean
  /** `p` is the cluster's first family, `s` the second. */
  readonly becomes: string
}

const base: ServiceSpec = { ports: [{ port: 80 }], selector: { app: 'web' } }
const single = { ...base, ipFamilyPolicy: 'SingleStack' }
const prefer = { ...base, ipFamilyPolicy: 'PreferDualStack' }
const require = { ...base, ipFamilyPolicy: 'RequireDualStack' }
const headless = { ...base, clusterIP: 'None' }
const external = { ...base, type: 'ExternalName', externalName: 'a.b' }
const up = "must be 'SingleStack'"

const changes: readonly Change[] = [
  { from: base, to: base, becomes: 'SingleStack p' },
  { from: base, to: prefer, becomes: 'PreferDualStack ps' },
  { from: base, to: require, becomes: 'RequireDualStack ps' },
  { from: base, to: require, edit: true, becomes: 'RequireDualStack ps' },
  { from: single, to: base, becomes: 'SingleStack p' },
  { from: prefer, to: base, becomes: 'PreferDualStack ps' },
  { from: prefer, to: prefer, edit: true, becomes: 'PreferDualStack ps' },
  { from: prefer, to: require, becomes: 'RequireDualStack ps' },
  { from: require, to: prefer, edit: true, becomes: 'PreferDualStack ps' },
  { from: require, to: base, becomes: 'RequireDualStack ps' },
  { from: prefer, to: single, edit: true, becomes: 'SingleStack p' },
  { from: prefer, to: single, becomes: 'SingleStack p' },
  { from: require, to: single, edit: true, becomes: 'SingleStack p' },
  { from: base, to: { type: 'NodePort' }, edit: true, becomes: 'SingleStack p' },
  { from: require, to: { type: 'LoadBalancer' }, edit: true, becomes: 'RequireDualStack ps' },
  { from: require, to: external, edit: true, becomes: 'nothing' },
  { from: external, to: base, becomes: 'SingleStack p' },
  { from: external, to: require, becomes: 'RequireDualStack ps' },
  { from: external, to: headless, becomes: 'SingleStack p None' },
  { from: headless, to: external, edit: true, becomes: 'nothing' },
  { from: headless, to: headless, becomes: 'SingleStack p None' },
  {
    from: headless,
    to: { ipFamilyPolicy: 'RequireDualStack' },
    edit: true,
    becomes: 'RequireDualStack ps None',
  },
  { from: headless, to: { ...base, clusterIP: '10.96.7.7' }, becomes: 'may not change once set' },
  { from: base, to: headless, becomes: 'may not change once set' },
]

describe.each([{ cluster: familyOrders[2]! }, { cluster: familyOrders[3]! }])(
  'on $cluster',
  ({ cluster }) => {
    test.each(changes)('$from becomes $becomes by $to', async ({ from, to, edit, becomes }) => {
      const services = await openFakeServices({ ranges: cluster.map(family => rangesOf[family]) })
      const { spec: before } = await services.create('web', from)
      let text: string
      try {
        const { spec } = await services.update('web', edit ? { ...before, ...to } : to)
        const letters = (spec?.ipFamilies ?? []).map(family => (family === cluster[0] ? 'p' : 's')).join('')
        const none = spec?.clusterIPs?.[0] === 'None'
        text = [spec?.ipFamilyPolicy, letters, none ? 'None' : ''].filter(part => part).join(' ') || 'nothing'
        const kept = none ? 0 : (spec?.clusterIPs?.length ?? 0)
        expect(await services.ipAddresses()).toHaveLength(1 + kept)
        if (spec?.ipFamilies && !none) expect(spec.clusterIPs?.map(familyOf)).toEqual(spec.ipFamilies)
      } catch (error) {
        if (!(error instanceof StatusError)) throw error
        text = error.message
      }
      expect(text).toContain(becomes)
    })

    test('Lists that are shortened, or turned round, are refused unless the policy says so', async () => {
      const services = await openFakeServices({ ranges: cluster.map(family => rangesOf[family]) })
      const { spec } = await services.create('web', require)
      const [first, second] = spec!.clusterIPs!
      const update = async (change: ServiceSpec) => {
        try {
          await services.update('web', { ...spec, ...change })
          return 'accepted'
        } catch (error) {
          return (error as StatusError).message
        }
      }
      expect(await update({ clusterIPs: [first!] })).toContain(up)
      expect(await update({ ipFamilies: [cluster[0]!] })).toBe('accepted')
      expect(await update({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: [cluster[0]!] })).toContain(up)
      expect(await update({ clusterIPs: [second!, first!], clusterIP: second! })).toContain('expected an')
      expect(await update({ ipFamilies: [...cluster].reverse() })).toContain('expected an')
      const less = { clusterIPs: [first!], ipFamilies: [cluster[0]!], ipFamilyPolicy: 'SingleStack' }
      expect(await update(less)).toBe('accepted')
    })
  },
)
