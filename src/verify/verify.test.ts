// The runner against a real API server: what becomes of a check that cannot run, fails, hangs or is cut
// short, and that nothing of a run is left.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { namespaces } from '../api/resources/core/namespace.ts'
import { services } from '../api/resources/core/service.ts'
import { forbidden } from '../api/status.ts'
import { Client } from '../client/client.ts'
import { type Cluster, startCluster } from '../cluster/cluster.ts'
import { systemClock } from '../component/clock.ts'
import { type CheckDefinition, defineCheck } from './check.ts'
import { ProbeError } from './probeerror.ts'
import type { RunEvent } from './report.ts'
import { heartbeatAnnotation, managedBy, manager, ownerAnnotation, runLabel } from './scratch.ts'
import { verbatim } from './text.ts'
import { trialService } from './trialservices.ts'
import { fail, pass } from './verdict.ts'
import { type RunOptions, runChecks, selectChecks } from './verify.ts'

let cluster: Cluster
beforeAll(async () => {
  const stateRoot = mkdtempSync(join(tmpdir(), 'verify-'))
  const options = { store: 'memory', securePort: 0, nodes: 1, runtime: 'simulated' as const }
  cluster = await startCluster(options, { stateRoot })
})
afterAll(() => cluster.stop())

const check = (id: string, rest: Partial<CheckDefinition> = {}) =>
  defineCheck({
    id,
    title: verbatim(id),
    section: 'services',
    severity: 'low',
    profile: 'quick',
    run: async () => pass(id),
    ...rest,
  })

const finding = fail({ expected: verbatim('a'), observed: 'b', cause: verbatim('c'), remedy: verbatim('d') })

const run = (checks: RunOptions['checks'], more: Partial<RunOptions> = {}) =>
  runChecks({ client: cluster.client, checks, ...more })

const outcomes = (report: Awaited<ReturnType<typeof run>>) =>
  Object.fromEntries(
    report.checks.map(({ id, families }) => [id, Object.values(families).map(({ outcome }) => outcome)]),
  )

const reasonOf = (report: Awaited<ReturnType<typeof run>>, id: string) => {
  const verdict = Object.values(report.checks.find(each => each.id === id)?.families ?? {})[0]
  return verdict && 'reason' in verdict ? verdict.reason.en : undefined
}

const scratchNamespaces = async () =>
  (await cluster.client.list(namespaces, { labelSelector: `${managedBy}=${manager}` })).items

describe('A check', () => {
  test('that builds on a failure is skipped for the families that failed, and so on', async () => {
    const report = await run([
      check('A-1', { run: async () => ({ IPv4: pass('x'), IPv6: finding }) }),
      check('A-2', { requires: ['A-1'] }),
      check('A-3', { requires: ['A-2'], run: async () => finding }),
      check('A-4', { requires: ['A-9'] }),
    ])
    expect(outcomes(report)).toEqual({
      'A-1': ['pass', 'fail'],
      'A-2': ['pass', 'skip'],
      'A-3': ['fail', 'skip'],
      'A-4': ['pass', 'pass'],
    })
    expect(report.checks[2]?.families.IPv6).toMatchObject({ reason: { en: 'builds on what failed: A-1' } })
    expect([report.exitCode, report.summary]).toEqual([
      1,
      { pass: 4, skip: 2, notEvaluable: 0, warn: 0, fail: 2 },
    ])
  })

  test('that creates is skipped with --read-only, one that sends packets on simulated nodes', async () => {
    const checks = [check('W-1', { needs: ['write'] }), check('T-1', { needs: ['traffic'] })]
    const readOnly = await run(checks, { settings: { readOnly: true } })
    expect(outcomes(readOnly)).toEqual({ 'W-1': ['skip', 'skip'], 'T-1': ['skip', 'skip'] })
    expect(reasonOf(readOnly, 'W-1')).toBe('creates objects (--read-only)')
    const writing = await run(checks)
    expect(outcomes(writing)).toEqual({ 'W-1': ['pass', 'pass'], 'T-1': ['notEvaluable', 'notEvaluable'] })
    expect(reasonOf(writing, 'T-1')).toContain(
      'no packets flow between simulated nodes (futago: simulated://',
    )
  })

  test('that throws is not evaluable with the message, one without a right skipped', async () => {
    const throwing = (error: Error) => ({
      run: async () => {
        throw error
      },
    })
    const report = await run([
      check('E-1', throwing(new Error('unforeseen'))),
      check('E-2', throwing(forbidden({ group: '', resource: 'pods' }, '', 'you may not'))),
    ])
    expect(outcomes(report)).toEqual({ 'E-1': ['notEvaluable', 'notEvaluable'], 'E-2': ['skip', 'skip'] })
    expect([reasonOf(report, 'E-1'), reasonOf(report, 'E-2')]).toEqual([
      'unforeseen',
      'no right: pods is forbidden: you may not',
    ])
    expect(report.exitCode).toBe(0)
  })

  test('that meets an accident runs once more', async () => {
    let runs = 0
    const unlucky = (id: string, accidents: number) =>
      check(id, {
        async run() {
          if (++runs <= accidents) throw new ProbeError(verbatim('the log is lost'), { isAccident: true })
          return pass(`run ${runs}`)
        },
      })
    expect((await run([unlucky('L-1', 1)])).checks[0]?.families.IPv4).toEqual(pass('run 2'))
    runs = 0
    expect(reasonOf(await run([unlucky('L-2', 2)]), 'L-2')).toBe('the log is lost')
  })

  test('that hangs fails as timed out, and its signal says so', async () => {
    let wasAborted = false
    const hanging = check('H-1', {
      timeoutMs: 20,
      run: ({ signal }) =>
        new Promise(() => signal.addEventListener('abort', () => (wasAborted = true), { once: true })),
    })
    const report = await run([hanging])
    expect(outcomes(report)).toEqual({ 'H-1': ['fail', 'fail'] })
    expect(wasAborted).toBe(true)
  })
})

describe('A run', () => {
  test('of one expected family says of the other why nothing is said', async () => {
    const report = await run([check('A-1')], { settings: { expect: 'ipv6' } })
    expect(report.cluster).toMatchObject({ families: ['IPv4', 'IPv6'], expected: ['IPv6'] })
    expect(report.checks[0]?.families).toMatchObject({
      IPv6: { outcome: 'pass' },
      IPv4: { outcome: 'skip', reason: { en: 'IPv4 is not expected here (--expect ipv6)' } },
    })
  })

  test('that is interrupted skips what is left, cleans up and ends with 2', async () => {
    const stopping = new AbortController()
    const report = await run(
      [
        check('I-1', {
          needs: ['write'],
          async run({ workspace, signal }) {
            await workspace.create(services, trialService('I-1'))
            stopping.abort(new Error('interrupted (SIGINT)'))
            await systemClock.sleep(60_000, signal)
            return pass('never')
          },
        }),
        check('I-2', { requires: ['I-1'] }),
      ],
      { signal: stopping.signal },
    )
    expect(outcomes(report)).toEqual({ 'I-1': ['skip', 'skip'], 'I-2': ['skip', 'skip'] })
    expect([report.interrupted, report.exitCode]).toEqual(['interrupted (SIGINT)', 2])
    expect(await scratchNamespaces()).toEqual([])
  })

  test('whose probes cannot start does not count as good', async () => {
    const probing = check('N-1', {
      needs: ['probe'],
      run: async ({ prober }) => pass(`${await prober.servers()}`),
    })
    const report = await run([probing], { settings: { nodeSelector: 'no=such' } })
    expect(outcomes(report)).toEqual({ 'N-1': ['notEvaluable', 'notEvaluable'] })
    expect([report.interrupted, report.exitCode]).toEqual([
      'no node is Ready and takes Pods, so nothing can be probed',
      2,
    ])
  })

  test('tells what happens, in order', async () => {
    const events: RunEvent['type'][] = []
    const writing = check('W-1', {
      needs: ['write'],
      async run({ workspace, progress }) {
        progress(verbatim('creating'))
        const { metadata } = await workspace.create(services, trialService('W-1'))
        const [namespace] = await scratchNamespaces()
        expect(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted')
        return pass(`${metadata.labels?.[managedBy]} ${metadata.namespace === namespace?.metadata.name}`)
      },
    })
    const report = await run([writing], { onEvent: ({ type }) => events.push(type) })
    expect(events).toEqual(['started', 'checkStarted', 'progress', 'checkFinished', 'cleaning', 'finished'])
    expect(report.checks[0]?.families.IPv4).toEqual({ outcome: 'pass', evidence: 'futago-verify true' })
    expect(await scratchNamespaces()).toEqual([])
  })

  test('in a namespace that was given removes what it made, and nothing else', async () => {
    const metadata = { namespace: 'default', name: 'mine' }
    await cluster.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata })
    const writing = check('W-1', {
      needs: ['write'],
      run: async ({ workspace }) => {
        const made = await workspace.create(services, trialService('W-1'))
        return pass(made.metadata.namespace ?? '')
      },
    })
    const report = await run([writing], { settings: { namespace: 'default' } })
    expect(report.checks[0]?.families.IPv4).toEqual({ outcome: 'pass', evidence: 'default' })
    const left = await cluster.client.list(configMaps, { namespace: 'default' })
    expect(left.items.map(item => item.metadata.name)).toEqual(['kube-root-ca.crt', 'mine'])
    const kept = await cluster.client.list(services, { namespace: 'default' })
    expect(kept.items.map(item => item.metadata.name)).toEqual(['kubernetes'])
    expect(await scratchNamespaces()).toEqual([])
  })

  test('removes what a killed one left, and leaves alone one that goes on', async () => {
    const leave = (name: string, owner: string, heartbeat: string) =>
      cluster.client.create(namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name,
          labels: { [managedBy]: manager, [runLabel]: name },
          annotations: { [ownerAnnotation]: owner, [heartbeatAnnotation]: heartbeat },
        },
      })
    const now = new Date(systemClock.now()).toISOString()
    await leave('killed', 'here-1', now)
    await leave('silent', 'elsewhere-1', '2026-01-01T00:00:00Z')
    await leave('alive', 'here-2', now)
    await leave('alive-elsewhere', 'elsewhere-2', now)
    const owner = {
      id: 'here-3',
      hasEnded: (id: string) => (id.startsWith('here-') ? id === 'here-1' : undefined),
    }
    await run([check('W-1', { needs: ['write'] })], { owner })
    expect((await scratchNamespaces()).map(({ metadata }) => metadata.name)).toEqual([
      'alive',
      'alive-elsewhere',
    ])
    await run([check('R-1')], { owner: { ...owner, hasEnded: () => true } })
    expect(await scratchNamespaces()).toHaveLength(2)
  })

  test('rejects when the cluster cannot be asked', async () => {
    const transport = {
      request: async () => {
        throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
      },
      watch: async () => ({ close: () => undefined }),
    }
    await expect(runChecks({ client: new Client(transport), checks: [check('A-1')] })).rejects.toThrow(
      'connect',
    )
  })
})

test('Profiles hold each other; --only picks whatever the profile, --skip takes away', () => {
  const all = [check('Q-1'), check('S-1', { profile: 'standard' }), check('F-1', { profile: 'full' })]
  const ids = (only: string[], skip: string[], profile: 'quick' | 'standard' | 'full' = 'standard') =>
    selectChecks(all, { profile, only, skip }).map(({ id }) => id)
  expect(ids([], [], 'quick')).toEqual(['Q-1'])
  expect(ids([], [])).toEqual(['Q-1', 'S-1'])
  expect(ids(['F-1'], [])).toEqual(['F-1'])
  expect(ids([], ['S-1'], 'full')).toEqual(['Q-1', 'F-1'])
})
