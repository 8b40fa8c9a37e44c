import { expect, test } from 'vitest'
import { silentLogger } from '../../component/log.ts'
import { nodePortPrefix } from './keys.ts'
import { AllocationRepair } from './repair.ts'
import type { Finding } from './repairplan.ts'
import { type FakeServices, openFakeServices } from './services.fake.ts'

const spec = { type: 'NodePort', ports: [{ port: 80 }], ipFamilyPolicy: 'RequireDualStack' }

async function start(count = 1) {
  const services = await openFakeServices()
  for (let index = 0; index < count; index++) await services.create(`s${index}`, spec)
  const findings: Finding[] = []
  const { store, clock } = services
  const repair = new AllocationRepair({
    store,
    clock,
    log: silentLogger,
    onFinding: found => findings.push(found),
  })
  return { services, repair, findings, clock, store }
}
async function remove({ store }: FakeServices, key: string): Promise<void> {
  const { revision } = (await store.get(key))!
  await store.write([{ type: 'delete', key, expectedRevision: revision }])
}

test('What allocation wrote needs no repair, however much it is', async () => {
  const { repair, findings } = await start(600)
  expect(await repair.run()).toEqual([])
  expect(findings).toEqual([])
})

test('A lost IPAddress comes back, and the address is not given out meanwhile again', async () => {
  const { services, repair, findings } = await start()
  await remove(services, '/registry/ipaddresses/10.96.1.1')
  await remove(services, `${nodePortPrefix}30086`)
  await repair.run()
  expect(findings.map(({ reason }) => reason)).toEqual(['ClusterIPNotAllocated', 'PortNotAllocated'])
  const names = (await services.ipAddresses()).map(({ metadata }) => metadata.name)
  expect(names).toContain('10.96.1.1')
  expect(await services.nodePorts()).toEqual([30086])
  expect(await repair.run()).toEqual([])
  await expect(services.create('x', { ports: [{ port: 1 }], clusterIP: '10.96.1.1' })).rejects.toThrow(
    'allocated',
  )
})

test('What a lost Service left is removed once it is old enough', async () => {
  const { services, repair, clock } = await start()
  await remove(services, '/registry/services/specs/default/s0')
  await repair.run()
  expect(await services.nodePorts()).toEqual([])
  expect(await services.ipAddresses()).toHaveLength(3)
  await clock.advance(61_000)
  await repair.run()
  expect(await services.ipAddresses()).toHaveLength(1)
  expect((await services.create('again', { ...spec, clusterIP: '10.96.1.1' })).spec?.clusterIP).toBe(
    '10.96.1.1',
  )
})

test('It runs by itself', async () => {
  const { services, repair, clock, store } = await start()
  await repair.start()
  await remove(services, '/registry/ipaddresses/10.96.1.1')
  await clock.advance(5000)
  for (let turn = 0; turn < 20; turn++) await clock.advance(0)
  expect(await store.get('/registry/ipaddresses/10.96.1.1')).toBeDefined()
  await repair.stop()
})
