import { expect, test } from 'vitest'
import type { Container } from '../api/generated/types.ts'
import { FakeClock } from '../component/clock.ts'
import { newRecord } from './containerplan.ts'
import type { NetworkProbes, ProbeResult } from './networkprobes.ts'
import { ContainerProbes } from './probes.ts'
import type { CommandResult } from './runtime.ts'

/** A real node's probes, whose answers are given by hand. */
function start(container: Omit<Container, 'name'>) {
  const clock = new FakeClock()
  const record = { ...newRecord(), isStarted: !container.startupProbe }
  const events: string[] = []
  const asked: { answer: (outcome: ProbeResult['outcome'] | Error) => Promise<void> }[] = []
  const ask = () =>
    new Promise<ProbeResult>((resolve, reject) => {
      asked.push({
        async answer(outcome) {
          if (outcome instanceof Error) reject(outcome)
          else resolve({ outcome, output: 'output' })
          await new Promise(done => setImmediate(done))
        },
      })
    })
  let changes = 0
  const probes = new ContainerProbes({
    clock,
    network: { http: ask, tcp: ask, grpc: ask } as unknown as NetworkProbes,
    host: () => '192.0.2.1',
    run: async (): Promise<CommandResult> => ({ type: 'timedOut' }),
    onEvent: (_container, { reason, message }) => events.push(`${reason}: ${message}`),
    onChange: () => changes++,
  })
  probes.add({ name: 'c', ...container }, record)
  const next = async (ms = 10_000) => {
    await clock.advance(ms)
    return probes.check()
  }
  return { clock, record, events, asked, probes, next, changes: () => changes }
}
const httpGet = { port: 80 }

test('Nobody waits for an answer, and nothing is asked twice meanwhile', async () => {
  const { probes, asked, record, next, changes } = start({ readinessProbe: { httpGet } })
  expect(await probes.check()).toEqual([])
  expect(await next()).toEqual([])
  expect([asked.length, record.isReady, changes()]).toEqual([1, false, 0])
  await asked[0]?.answer('success')
  expect([record.isReady, changes()]).toEqual([true, 1])
  await next()
  expect(asked).toHaveLength(2)
})

test('A container is unready after three failures, ready after as many successes as asked', async () => {
  const { probes, asked, record, next, events } = start({ readinessProbe: { httpGet, successThreshold: 2 } })
  const round = async (outcome: 'success' | 'failure') => {
    await (asked.length === 0 ? probes.check() : next())
    await asked.at(-1)?.answer(outcome)
    return record.isReady
  }
  expect([await round('success'), await round('success')]).toEqual([false, true])
  expect([await round('failure'), await round('failure'), await round('failure')]).toEqual([
    true,
    true,
    false,
  ])
  expect(events).toEqual(Array(3).fill('Unhealthy: Readiness probe failed: output'))
})

test('Liveness waits for the startup probe; what fails is restarted, with its own grace period', async () => {
  const { probes, asked, record, next } = start({
    startupProbe: { tcpSocket: { port: 1 }, failureThreshold: 1 },
    livenessProbe: { grpc: { port: 1 }, failureThreshold: 1, terminationGracePeriodSeconds: 7 },
  })
  await probes.check()
  expect(asked).toHaveLength(1)
  await asked[0]?.answer('success')
  expect(record.isStarted).toBe(true)
  await probes.check()
  await asked[1]?.answer('failure')
  expect(await next(0)).toEqual([
    { name: 'c', message: 'Container c failed liveness probe, will be restarted', gracePeriodSeconds: 7 },
  ])
  expect(await next()).toEqual([])
})

test('What could not be asked counts as nothing', async () => {
  const { probes, asked, events, next } = start({ livenessProbe: { httpGet, failureThreshold: 1 } })
  await probes.check()
  await asked[0]?.answer(new Error("couldn't find port: web"))
  expect(await next(0)).toEqual([])
  expect(events).toEqual([
    "Unhealthy: Liveness probe errored and resulted in unknown state: couldn't find port: web",
  ])
})

test('A command that takes too long has failed', async () => {
  const { probes, next, events } = start({
    livenessProbe: { exec: { command: ['sleep', '9'] }, timeoutSeconds: 3, failureThreshold: 1 },
  })
  await probes.check()
  await new Promise(resolve => setImmediate(resolve))
  expect(await next(0)).toHaveLength(1)
  expect(events).toEqual([
    'Unhealthy: Liveness probe failed: command timed out: "sleep 9" timed out after 3s',
  ])
})

test('A warning is told, and counts as success', async () => {
  const { probes, asked, events, record } = start({ readinessProbe: { httpGet } })
  await probes.check()
  await asked[0]?.answer('warning')
  expect(record.isReady).toBe(true)
  expect(events).toEqual(['ProbeWarning: Readiness probe warning: output'])
})
