import { describe, expect, test } from 'vitest'
import type { ServiceCIDR } from '../api/generated/types.ts'
import { ipAddresses } from '../api/resources/networking.k8s.io/ipaddress.ts'
import { serviceCIDRs } from '../api/resources/networking.k8s.io/servicecidr.ts'
import { startControllers } from './liveserver.fake.ts'
import { findOrphan, isCovered, serviceCIDRController } from './servicecidr.ts'

const range = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs } })
const going = (object: ServiceCIDR): ServiceCIDR => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
})

describe('what depends on a range', () => {
  const all = [range('a', '10.0.0.0/24', 'fd00::/64'), range('b', '10.0.0.0/16'), range('c', 'fd00::/48')]

  test('Nothing does when others contain all of it', () => {
    expect(isCovered(all[0]!, all)).toBe(true)
    expect(isCovered(all[1]!, all)).toBe(false)
    expect(isCovered(all[0]!, [all[0]!, all[1]!, going(all[2]!)])).toBe(false)
  })

  test('An address that no other range has does', () => {
    expect(findOrphan(all[1]!, all, ['10.0.0.1', 'fd00::1', 'name'])).toBeUndefined()
    expect(findOrphan(all[1]!, all, ['10.0.0.1', '10.0.1.1'])).toBe('10.0.1.1')
  })
})

describe('the controller', () => {
  test('A new range gets the finalizer and is ready', async () => {
    const { client, settle, manager } = await startControllers([serviceCIDRController])
    await client.create(serviceCIDRs, range('more', '10.1.0.0/16'))
    await settle()
    const { metadata, status } = await client.get(serviceCIDRs, { name: 'more' })
    expect(metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer'])
    expect(status?.conditions).toEqual([
      {
        type: 'Ready',
        status: 'True',
        reason: '',
        message: 'Kubernetes Service CIDR is ready',
        lastTransitionTime: '2026-01-01T12:00:00Z',
      },
    ])
    await manager.stop()
  })

  test('One that is being deleted stays while an address depends on it', async () => {
    const { client, clock, settle, manager } = await startControllers([serviceCIDRController])
    await client.create(serviceCIDRs, range('more', '10.1.0.0/16'))
    await client.create(ipAddresses, {
      metadata: { name: '10.1.0.7', labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
      spec: { parentRef: { resource: 'services', namespace: 'ns', name: 's' } },
    })
    await settle()
    await client.delete(serviceCIDRs, { name: 'more' })
    await settle()
    const [ready] = (await client.get(serviceCIDRs, { name: 'more' })).status?.conditions ?? []
    expect([ready?.status, ready?.reason, ready?.message]).toEqual([
      'False',
      'Terminating',
      'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
    ])
    await client.delete(ipAddresses, { name: '10.1.0.7' })
    await clock.advance(5000)
    await settle()
    await client.get(serviceCIDRs, { name: 'more' })
    await clock.advance(5000)
    await settle()
    await expect(client.get(serviceCIDRs, { name: 'more' })).rejects.toThrow('not found')
    await manager.stop()
  })
})
