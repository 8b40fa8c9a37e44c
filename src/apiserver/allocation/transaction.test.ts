import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { nothingPending } from '../registry/hooks.ts'
import { AddressPool } from './addresspool.ts'
import { ClaimedKeys } from './claimedkeys.ts'
import { PortPool } from './portpool.ts'
import { Transaction } from './transaction.ts'

async function supplies() {
  const common = { store: openMemoryStore(), clock: new FakeClock(), log: silentLogger }
  const addresses = new AddressPool(['IPv4'])
  const ports = new PortPool({ first: 30000, last: 30003 })
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '', message: '', reason: '' }
  const range = { metadata: {}, spec: { cidrs: ['10.0.0.0/29'] }, status: { conditions: [ready] } }
  addresses.setRanges([range], [])
  const addressKeys = new ClaimedKeys({ ...common, prefix: '/ip/', pool: addresses })
  const portKeys = new ClaimedKeys({ ...common, prefix: '/port/', pool: ports })
  await Promise.all([addressKeys.open(), portKeys.open()])
  return { ...common, addresses, ports, addressKeys, portKeys }
}
const service = { metadata: { namespace: 'n', name: 's' } }

test('What it takes is written, what it gives back deleted', async () => {
  const given = await supplies()
  const first = new Transaction(given, service)
  expect([first.takeNextAddress('IPv4'), first.takePort(30002), first.takeNextPort()]).toEqual([
    '10.0.0.1',
    'allocated',
    30000,
  ])
  const { operations } = first.finish({ dryRun: false })
  expect(operations.map(({ type, key }) => `${type} ${key}`)).toEqual([
    'create /ip/10.0.0.1',
    'create /port/30002',
    'create /port/30000',
  ])
  await given.store.write(operations)
  const second = new Transaction(given, service)
  second.releaseAddress('10.0.0.1')
  second.releasePort(30002)
  second.releasePort(30001)
  const released = second.finish({ dryRun: false }).operations
  expect(released.map(({ type, key }) => `${type} ${key}`)).toEqual([
    'delete /ip/10.0.0.1',
    'delete /port/30002',
  ])
  await given.store.write(released)
  expect(new Transaction(given, service).takeAddress('10.0.0.1')).toBe('allocated')
})

test('What is aborted, or was a dry run, is free again', async () => {
  const given = await supplies()
  const aborted = new Transaction(given, service)
  aborted.takeAddress('10.0.0.2')
  aborted.finish({ dryRun: false }).abort()
  const dry = new Transaction(given, service)
  expect(dry.takeAddress('10.0.0.2')).toBe('allocated')
  expect(dry.finish({ dryRun: true })).toBe(nothingPending)
  expect(new Transaction(given, service).takeAddress('10.0.0.2')).toBe('allocated')
})
