// What the tests of DNS share: a server on a free port of the loopback addresses, over a real API server, and
// questions by Node's own resolver, which is somebody else's reading of the protocol.
import { Resolver } from 'node:dns/promises'
import type { EndpointSlice, Service } from '../../api/generated/types.ts'
import { namespaces } from '../../api/resources/core/namespace.ts'
import { services } from '../../api/resources/core/service.ts'
import { endpointSlices } from '../../api/resources/discovery.k8s.io/endpointslice.ts'
import { admin, openTestServer } from '../../apiserver/apiserver.fake.ts'
import { Client } from '../../client/client.ts'
import { Informers } from '../../client/informers.ts'
import { systemClock } from '../../component/clock.ts'
import { type IPFamilies, loopbackAddress } from '../../ip/family.ts'
import { joinHostPort } from '../../ip/hostport.ts'
import { ClusterDNS, type ClusterDNSOptions } from './dns.ts'
import type { Question, Reply } from './message.ts'

export const clusterIPs = { IPv4: '10.96.0.10', IPv6: 'fd00:10:96::a' }
export const advertised = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }
const serviceRanges = { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' }
const podRanges = { IPv4: '10.244.0.0/16', IPv6: 'fd00:10:244::/56' }

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

export async function startDNS(
  families: IPFamilies = ['IPv4', 'IPv6'],
  options: Partial<ClusterDNSOptions> = {},
) {
  const { server } = await openTestServer({
    serviceClusterIPRanges: families.map(family => serviceRanges[family]),
    advertiseAddress: advertised[families[0]!],
  })
  const client = new Client(server.transport(admin))
  const informers = new Informers({ client, clock: systemClock })
  const dns = new ClusterDNS({
    client,
    informers,
    clock: systemClock,
    addresses: families.map(family => loopbackAddress[family]),
    endpoints: families.map(family => advertised[family]),
    port: 0,
    clusterIPs: families.map(family => clusterIPs[family]),
    ranges: families.flatMap(family => [serviceRanges[family], podRanges[family]]),
    upstreams: [],
    ...options,
  })
  await dns.start()
  await client.create(namespaces, { metadata: { name: 'shop' } }).catch(() => undefined)

  return {
    client,
    dns,
    /** Node's resolver, which asks over this family. */
    resolver(family = families[0]!): Resolver {
      const resolver = new Resolver({ timeout: 2000, tries: 1 })
      resolver.setServers([joinHostPort(loopbackAddress[family], dns.port)])
      return resolver
    },
    async ask(name: string, type: string): Promise<Reply> {
      const question: Question = { name, type }
      return dns.answer(question)
    },
    async service(name: string, spec: Service['spec'] & object): Promise<Service> {
      const created = await client.create(services, { metadata: { name, namespace: 'shop' }, spec })
      await settle()
      return created
    },
    async slice(name: string, slice: Omit<EndpointSlice, 'metadata'>, labels: object = {}): Promise<void> {
      const metadata = {
        name: `${name}-${slice.addressType.toLowerCase()}`,
        namespace: 'shop',
        labels: { 'kubernetes.io/service-name': name, ...labels },
      }
      await client.create(endpointSlices, { ...slice, metadata })
      await settle()
    },
    settle,
    async stop(): Promise<void> {
      await dns.stop()
      await informers.stop()
      await server.close()
    },
  }
}

export type World = Awaited<ReturnType<typeof startDNS>>

/** `A 10.96.0.10`, `SRV 0 100 80 web.shop.svc.cluster.local`: one text for each answer. */
export const texts = (reply: Reply): string[] =>
  (reply.answers ?? []).map(({ type, data }) =>
    typeof data === 'object' && data !== null && 'target' in data
      ? `${type} ${Object.values(data).join(' ')}`
      : `${type} ${data}`,
  )
