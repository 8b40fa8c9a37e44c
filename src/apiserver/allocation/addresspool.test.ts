import { expect, test } from 'vitest'
import { AddressPool, isReady } from './addresspool.ts'

const serviceCIDR = (cidrs: string[], status = 'True') => ({
  metadata: { name: cidrs[0] },
  spec: { cidrs },
  status: { conditions: [{ type: 'Ready', status, lastTransitionTime: '', message: '', reason: '' }] },
})

test('Only ranges of its families that are ready give out addresses', () => {
  const pool = new AddressPool(['IPv4'])
  pool.setRanges([serviceCIDR(['10.0.0.0/29', 'fd00::/64'])], [])
  expect([pool.allocateNext('IPv4'), pool.allocateNext('IPv6')]).toEqual(['10.0.0.1', undefined])
  expect([pool.allocate('10.0.0.1'), pool.allocate('10.0.0.2'), pool.allocate('fd00::1')]).toEqual([
    'taken',
    'allocated',
    'notInRange',
  ])
  pool.setRanges([serviceCIDR(['10.0.0.0/29'], 'False')], [])
  expect([pool.allocateNext('IPv4'), pool.allocate('10.0.0.3'), pool.covers('10.0.0.3')]).toEqual([
    undefined,
    'notInRange',
    true,
  ])
})

test('A new range knows what is taken already', () => {
  const pool = new AddressPool(['IPv4'])
  pool.setRanges([serviceCIDR(['10.0.0.0/29'])], ['10.0.0.1', '192.0.2.1'])
  expect(pool.allocateNext('IPv4')).toBe('10.0.0.2')
  pool.unmark('10.0.0.1')
  expect(pool.allocate('10.0.0.1')).toBe('allocated')
})

test('A range that several ServiceCIDRs have is ready when one of them is', () => {
  const pool = new AddressPool(['IPv4'])
  pool.setRanges([serviceCIDR(['10.0.0.0/29'], 'False'), serviceCIDR(['10.0.0.0/29'])], [])
  expect(pool.allocateNext('IPv4')).toBe('10.0.0.1')
})

test('A ServiceCIDR that is being deleted is not ready', () => {
  const ready = serviceCIDR(['10.0.0.0/29'])
  expect(isReady(ready)).toBe(true)
  expect(
    isReady({ ...ready, metadata: { ...ready.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  ).toBe(false)
})
