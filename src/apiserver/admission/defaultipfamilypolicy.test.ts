import { expect, test } from 'vitest'
import type { Service, ServiceSpec } from '../../api/generated/types.ts'
import { familyOrders, type IPFamily } from '../../ip/family.ts'
import { openTestServer } from '../apiserver.fake.ts'

const ranges: Readonly<Record<IPFamily, string>> = { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' }

async function familiesOf(spec: Partial<ServiceSpec>, families: readonly IPFamily[]) {
  const server = await openTestServer({
    defaultIPFamilyPolicy: 'PreferDualStack',
    serviceClusterIPRanges: families.map(family => ranges[family]),
    advertiseAddress: families[0] === 'IPv4' ? '192.0.2.1' : '2001:db8::1',
  })
  const { body, text, status } = await server.ask('POST /api/v1/namespaces/default/services', {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
  })
  await server.close()
  if (status !== 201) throw new Error(text)
  const { ipFamilyPolicy, ipFamilies } = (body as unknown as Service).spec!
  return [ipFamilyPolicy, ipFamilies]
}

test.each(familyOrders.map(order => [order.join(','), order] as const))(
  'A Service that says nothing gets all families of a cluster of %s',
  async (_, families) => {
    expect(await familiesOf({}, families)).toEqual(['PreferDualStack', families])
    expect(await familiesOf({ clusterIP: 'None' }, families)).toEqual(['PreferDualStack', families])
  },
)

test.each<[string, Partial<ServiceSpec>, unknown]>([
  ['policy', { ipFamilyPolicy: 'SingleStack' }, ['SingleStack', ['IPv4']]],
  ['family', { ipFamilies: ['IPv6'] }, ['SingleStack', ['IPv6']]],
  ['address', { clusterIP: '10.96.7.7' }, ['SingleStack', ['IPv4']]],
  ['name outside', { type: 'ExternalName', externalName: 'a.example' }, [undefined, undefined]],
  ['endpoints of its own', { clusterIP: 'None', selector: {} }, ['RequireDualStack', ['IPv4', 'IPv6']]],
])('A Service that names its %s keeps what it says', async (_, spec, expected) => {
  expect(await familiesOf(spec, ['IPv4', 'IPv6'])).toEqual(expected)
})
