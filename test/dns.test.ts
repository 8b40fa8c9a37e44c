// The cluster's DNS server asked by dig, which reads answers strictly, over UDP and TCP in every configuration
// of families.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { services } from '../src/api/resources/core/service.ts'
import { hostExec } from '../src/host/exec.ts'
import { familyOrders, type IPFamily, loopbackAddress } from '../src/ip/family.ts'
import { startDNS, type World } from '../src/network/dns/world.fake.ts'
import { whyNot } from './needs.ts'

const reason = whyNot(['dig'])
const transports = ['+notcp', '+tcp']

describe.skipIf(reason).each(familyOrders.map(families => ({ families })))(
  'families $families',
  ({ families }) => {
    let world: World
    const dig = async (family: IPFamily, ...args: readonly string[]) => {
      const server = [`@${loopbackAddress[family]}`, '-p', String(world.dns.port)]
      const { stdout } = await hostExec.run('dig', [...server, '+time=30', '+tries=1', ...args])
      return stdout
    }
    const short = async (family: IPFamily, ...args: readonly string[]) =>
      (await dig(family, '+short', ...args)).trim().split('\n').sort()
    const header = async (family: IPFamily, ...args: readonly string[]) => {
      const text = await dig(family, ...args)
      const status = /status: (\w+)/.exec(text)?.[1]
      const flags = /flags: ([\w ]+);/.exec(text)?.[1]
      return { status, flags, text }
    }

    beforeAll(async () => {
      world = await startDNS(families)
      const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
      await world.service('web', { ports, ipFamilyPolicy: 'PreferDualStack' })
      await world.service('db', { ports, ipFamilyPolicy: 'PreferDualStack', clusterIP: 'None' })
      await world.service('alias', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' })
      for (const family of families) {
        const base = { IPv4: '10.244.0.', IPv6: 'fd00:10:244::' }[family]
        const endpoints = Array.from({ length: 80 }, (_, index) => ({
          addresses: [`${base}${index + 1}`],
          hostname: `db-${index}`,
        }))
        await world.slice('db', { addressType: family, endpoints, ports })
      }
    })
    afterAll(() => world?.stop())

    test('both types of a Service are answered at once, over each family and transport', async () => {
      const service = await world.client.get(services, {
        namespace: 'shop',
        name: 'web',
      })
      const types = { IPv4: 'A', IPv6: 'AAAA' }
      for (const over of families) {
        for (const transport of transports) {
          for (const [index, family] of families.entries()) {
            const found = await short(over, transport, 'web.shop.svc.cluster.local', types[family])
            expect(found).toEqual([service.spec?.clusterIPs?.[index]])
          }
          const lacking = (['IPv4', 'IPv6'] as const).filter(family => !families.includes(family))
          for (const family of lacking) {
            const answer = await header(over, transport, 'web.shop.svc.cluster.local', types[family])
            expect(answer).toMatchObject({ status: 'NOERROR', flags: 'qr aa rd ra' })
            expect(answer.text).toContain('SOA\tns.dns.cluster.local. hostmaster.cluster.local.')
          }
        }
      }
    })

    test('search paths end where the name is, and fail fast elsewhere', async () => {
      const [primary] = families
      const type = { IPv4: 'A', IPv6: 'AAAA' }[primary!]
      const search = ['+search', '+ndots=5', '+domain=shop.svc.cluster.local', type]
      expect(await short(primary!, 'web', ...search)).toHaveLength(1)
      for (const name of ['web.nowhere.svc.cluster.local', 'example.com.shop.svc.cluster.local']) {
        expect(await header(primary!, name, type)).toMatchObject({ status: 'NXDOMAIN', flags: 'qr aa rd ra' })
      }
    })

    test('an answer too long for UDP is cut, asked again over TCP, and then whole', async () => {
      const [primary] = families
      const type = { IPv4: 'A', IPv6: 'AAAA' }[primary!]
      const cut = await header(primary!, '+ignore', '+noedns', 'db.shop.svc.cluster.local', type)
      expect(cut).toMatchObject({ status: 'NOERROR', flags: 'qr aa tc rd ra' })
      expect(await short(primary!, 'db.shop.svc.cluster.local', type)).toHaveLength(80)
      expect(cut.text).toContain('MSG SIZE')
    })

    test('aliases, ports and addresses have their records', async () => {
      const [primary] = families
      const type = { IPv4: 'A', IPv6: 'AAAA' }[primary!]
      expect(await short(primary!, 'alias.shop.svc.cluster.local', type)).toContain(
        'web.shop.svc.cluster.local.',
      )
      expect(await short(primary!, '_http._tcp.web.shop.svc.cluster.local', 'SRV')).toEqual([
        '0 100 80 web.shop.svc.cluster.local.',
      ])
      for (const family of families) {
        const address = { IPv4: '10.244.0.2', IPv6: 'fd00:10:244::2' }[family]
        expect(await short(primary!, '-x', address)).toEqual(['db-1.db.shop.svc.cluster.local.'])
      }
    })

    test('names outside fail at once when there is no server outside', async () => {
      expect(await header(families[0]!, 'example.com')).toMatchObject({ status: 'SERVFAIL' })
    })

    test('EDNS versions that do not exist are refused, other classes too', async () => {
      const [primary] = families
      const noBadversRetry = ['+edns=1', '+noednsneg']
      expect(await header(primary!, ...noBadversRetry, 'web.shop.svc.cluster.local')).toMatchObject({
        status: 'BADVERS',
      })
      expect(await header(primary!, 'version.bind', 'TXT', 'CH')).toMatchObject({ status: 'REFUSED' })
    })
  },
)
