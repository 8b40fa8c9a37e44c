import { expect, test } from 'vitest'
import type { EndpointSlice, Endpoints, Service } from '../api/generated/types.ts'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { openMemoryStore } from '../storage/memory.ts'
import { APIServerService } from './bootstrap.ts'
import { livingServer, type ServerAddress, ServerLeases, serverLeasePrefix } from './serverleases.ts'

const families = [
  { range: '10.96.0.0/16', addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] },
  { range: 'fd00:10:96::/112', addresses: ['2001:db8::1', '2001:db8::2', '2001:db8::3'] },
] as const

function openWorld(range: string) {
  const store = openMemoryStore()
  const clock = new FakeClock()
  const server = (own: ServerAddress) =>
    new APIServerService({
      store,
      clock,
      log: silentLogger,
      serviceRanges: [range],
      advertiseAddress: own.address,
      securePort: own.port,
      leases: new ServerLeases({ store, clock }, own),
    })
  const read = async <T>(key: string): Promise<T> => JSON.parse((await store.get(key))!.value.toString())
  async function shown() {
    const { subsets = [] } = await read<Endpoints>('/registry/services/endpoints/default/kubernetes')
    return subsets.flatMap(({ addresses = [], ports = [] }) =>
      addresses.map(({ ip }) => `${ip} ${ports[0]!.port}`),
    )
  }
  async function slices() {
    const { entries } = await store.list({ prefix: '/registry/endpointslices/default/' })
    return entries.map(({ value }) => {
      const { metadata, endpoints, ports } = JSON.parse(value.toString()) as EndpointSlice
      const addresses = endpoints?.flatMap(endpoint => endpoint.addresses).join(' ')
      return `${metadata.name}: ${addresses} ${ports?.[0]?.port}`
    })
  }
  /** In steps: what runs at a time writes before time goes on. */
  async function pass(seconds: number) {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1_000)
      for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
    }
  }
  return { store, server, read, shown, slices, pass }
}

test.each(families)('The Service kubernetes leads to every server: $range', async ({ range, addresses }) => {
  const { server, shown, slices, pass, store } = openWorld(range)
  const servers = addresses.map(address => server({ address, port: 6443 }))
  await Promise.all(servers.map(each => each.start()))
  await pass(12)
  expect(await shown()).toEqual(addresses.map(address => `${address} 6443`))
  expect(await slices()).toEqual([`kubernetes: ${addresses.join(' ')} 6443`])
  await pass(60)
  expect(await shown()).toHaveLength(3)
  await servers[1]!.stop()
  expect(await shown()).toEqual([`${addresses[0]} 6443`, `${addresses[2]} 6443`])
  await pass(30)
  expect(await slices()).toEqual([`kubernetes: ${addresses[0]} ${addresses[2]} 6443`])
  await Promise.all(servers.map(each => each.stop()))
  expect((await store.list({ prefix: serverLeasePrefix })).entries).toEqual([])
})

test('A server that is silent for 15 s is taken out by the others', async () => {
  const { server, shown, pass, store } = openWorld('fd00:10:96::/112')
  const key = `${serverLeasePrefix}[2001:db8::2]:6443`
  await store.write([{ type: 'create', key, value: Buffer.from('{}') }])
  const own = server({ address: '2001:db8::1', port: 6443 })
  await own.start()
  await pass(12)
  expect(await shown()).toEqual(['2001:db8::1 6443', '2001:db8::2 6443'])
  await pass(10)
  expect(await shown()).toEqual(['2001:db8::1 6443'])
  expect(await store.get(key)).toBeUndefined()
  await own.stop()
})

test('Servers at several ports of one host have a slice for each port', async () => {
  const { server, shown, slices, read, pass } = openWorld('10.96.0.0/16')
  const ports = [6443, 6444]
  const servers = ports.map(port => server({ address: '192.0.2.1', port }))
  for (const each of servers) await each.start()
  expect(await shown()).toEqual(['192.0.2.1 6443', '192.0.2.1 6444'])
  expect(await slices()).toEqual(['kubernetes: 192.0.2.1 6443', 'kubernetes-6444: 192.0.2.1 6444'])
  const service = () => read<Service>('/registry/services/specs/default/kubernetes')
  await pass(40)
  expect((await service()).spec?.ports?.[0]?.targetPort).toBe(6443)
  await servers[0]!.stop()
  expect(await slices()).toEqual(['kubernetes: 192.0.2.1 6444'])
  expect((await service()).spec?.ports?.[0]?.targetPort).toBe(6444)
  await servers[1]!.stop()
  expect(await shown()).toEqual(['192.0.2.1 6444'])
})

test.each(families)('Keys of kube-apiservers are left alone: $range', async ({ range, addresses }) => {
  const { server, shown, pass, store } = openWorld(range)
  const foreign = serverLeasePrefix + addresses[1]
  await store.write([{ type: 'create', key: foreign, value: Buffer.from('{"kind":"Endpoints"}') }])
  await server({ address: addresses[0], port: 6443 }).start()
  await pass(60)
  expect(await shown()).toEqual([`${addresses[0]} 6443`])
  expect(await store.get(foreign)).toBeDefined()
})

test('A server that lives shows itself within a lease, one that was killed does not', async () => {
  const store = openMemoryStore()
  const clock = new FakeClock()
  const own = { address: '2001:db8::1', port: 6443 }
  expect(await livingServer(store, clock)).toBe(undefined)
  const leases = new ServerLeases({ store, clock }, own)
  await leases.renew()
  const afterIts = async (work: () => Promise<unknown>) => {
    const living = livingServer(store, clock)
    await new Promise(resolve => setImmediate(resolve))
    await work()
    return living
  }
  expect(await afterIts(() => leases.renew())).toBe('[2001:db8::1]:6443')
  expect(await afterIts(() => clock.advance(15_000))).toBe(undefined)
})
