import { expect, test } from 'vitest'
import { leases } from '../api/resources/coordination.k8s.io/lease.ts'
import { events as coreEvents } from '../api/resources/core/event.ts'
import type { Transport, TransportRequest } from '../api/transport.ts'
import { openTestServer } from '../apiserver/apiserver.fake.ts'
import type { Clock } from '../component/clock.ts'
import { formatMetrics, MetricSet } from '../component/metrics.ts'
import { Client } from './client.ts'
import { Events } from './events.ts'
import { LeaderElection } from './leaderelection.ts'

async function setUp() {
  const { server, clock } = await openTestServer()
  const inner = server.transport({ name: 'admin', groups: ['system:masters'] })
  const journal: string[] = []
  const metrics = new MetricSet()
  const events = new Events({ client: new Client(inner), clock })
  const candidate = (identity: string, ownClock: Clock = clock) => {
    let isCutOff = false
    let hangs = false
    const transport: Transport = {
      request<T>(request: TransportRequest) {
        if (hangs) return new Promise<never>(() => undefined)
        return isCutOff ? Promise.reject(new Error('no route')) : inner.request<T>(request)
      },
      watch: (request, handlers) => inner.watch(request, handlers),
    }
    const election = new LeaderElection({
      client: new Client(transport),
      clock: ownClock,
      namespace: 'kube-system',
      name: 'futago',
      identity,
      events: events.recorder('futago'),
      ...(identity === 'a' ? { metrics } : {}),
      onStarted: () => void journal.push(`${identity} leads`),
      onStopped: () => void journal.push(`${identity} stops`),
    })
    const cutOff = () => {
      isCutOff = true
    }
    const hang = () => {
      hangs = true
    }
    return { election, cutOff, hang }
  }
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 2; i++) {
      await clock.advance(500)
      for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
    }
  }
  const lease = () => new Client(inner).get(leases, { namespace: 'kube-system', name: 'futago' })
  const told = async () => {
    await events.flushed()
    const { items } = await new Client(inner).list(coreEvents, { namespace: 'kube-system' })
    return items.map(({ involvedObject, reason, message }) => [involvedObject.kind, reason, message])
  }
  const status = () => formatMetrics(metrics.collect()).trimEnd().split('\n').at(-1)
  return { candidate, pass, journal, lease, told, status, clock }
}

test('The first candidate leads as long as it renews', async () => {
  const { candidate, pass, journal, lease, told, status } = await setUp()
  const [a, b] = [candidate('a'), candidate('b')]
  expect(status()).toBe('leader_election_master_status{name="futago"} 0')
  await a.election.start()
  await pass(1)
  await b.election.start()
  await pass(60)
  expect(journal).toEqual(['a leads'])
  expect([a.election.isLeader, b.election.isLeader]).toEqual([true, false])
  expect(status()).toBe('leader_election_master_status{name="futago"} 1')
  expect(await told()).toEqual([['Lease', 'LeaderElection', 'a became leader']])
  expect((await lease()).spec).toMatchObject({
    holderIdentity: 'a',
    leaseTransitions: 0,
    leaseDurationSeconds: 15,
  })
})

test('A leader that cannot renew stops before the next one starts', async () => {
  const { candidate, pass, journal, lease } = await setUp()
  const [a, b] = [candidate('a'), candidate('b')]
  await a.election.start()
  await pass(1)
  await b.election.start()
  await pass(3)
  a.cutOff()
  await pass(13)
  expect(journal).toEqual(['a leads', 'a stops'])
  await pass(8)
  expect(journal).toEqual(['a leads', 'a stops', 'b leads'])
  expect((await lease()).spec?.leaseTransitions).toBe(1)
})

test('A leader that stops gives the lease back', async () => {
  const { candidate, pass, journal } = await setUp()
  const [a, b] = [candidate('a'), candidate('b')]
  await a.election.start()
  await pass(1)
  await b.election.start()
  await pass(1)
  await a.election.stop()
  await pass(4)
  expect(journal).toEqual(['a leads', 'a stops', 'b leads'])
})

test('A leader whose server gives no answer stops in time as well', async () => {
  const { candidate, pass, journal } = await setUp()
  const [a, b] = [candidate('a'), candidate('b')]
  await a.election.start()
  await pass(1)
  await b.election.start()
  await pass(3)
  a.hang()
  await pass(10)
  expect([journal, a.election.holdsLease]).toEqual([['a leads', 'a stops'], false])
  await pass(10)
  expect(journal).toEqual(['a leads', 'a stops', 'b leads'])
})

test('A leader that was held up knows that its lease has run out before it does anything', async () => {
  const { candidate, pass, clock } = await setUp()
  let aheadMs = 0
  const a = candidate('a', {
    now: () => clock.now() + aheadMs,
    monotonic: () => clock.monotonic() + aheadMs,
    after: (delayMs, callback) => clock.after(delayMs, callback),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
  })
  expect(a.election.holdsLease).toBe(false)
  await a.election.start()
  await pass(1)
  expect([a.election.isLeader, a.election.holdsLease]).toEqual([true, true])
  aheadMs = 10_000
  expect([a.election.isLeader, a.election.holdsLease]).toEqual([true, false])
  await pass(3)
  expect([a.election.isLeader, a.election.holdsLease]).toEqual([true, true])
})
