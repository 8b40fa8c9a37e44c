import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startCluster } from '../../cluster/cluster.ts'
import { loopbackAddress } from '../../ip/family.ts'
import { addressesOfHost, endpointOf, isNamed, parseSubjectAltNames } from '../apiendpoint.ts'
import type { Attempt } from '../host.ts'
import { runChecks } from '../verify.ts'
import { type APIAttempt, judgeEndpoint } from './API-01.ts'

const connected: Attempt = { outcome: 'connected', milliseconds: 3 }
const refused: Attempt = { outcome: 'refused', detail: 'ECONNREFUSED' }
const endpoint = { host: 'api.example', port: 6443 }
const judge = (attempts: readonly APIAttempt[], families: readonly ('IPv4' | 'IPv6')[] = ['IPv4', 'IPv6']) =>
  judgeEndpoint({ endpoint, families, attempts }, 'IPv6')

describe('API-01', () => {
  test.each([
    ['answers', [{ address: 'fd00::1', attempt: connected, names: ['api.example'] }], 'pass'],
    ['is not in DNS', [{ address: '192.0.2.1', attempt: connected, names: ['api.example'] }], 'skip'],
    ['refuses', [{ address: 'fd00::1', attempt: refused }], 'warn'],
    [
      'has a certificate for others',
      [{ address: 'fd00::1', attempt: connected, names: ['old.example'] }],
      'warn',
    ],
  ] as const)('an IPv6 address that %s', (_, attempts, outcome) => {
    expect(judge(attempts).outcome).toBe(outcome)
  })

  test('cannot be judged from a machine that lacks the family', () => {
    const attempts = [{ address: 'fd00::1', attempt: refused }]
    expect(judge(attempts, ['IPv4']).outcome).toBe('notEvaluable')
    expect(judge([{ address: '::1', attempt: refused }], ['IPv4']).outcome).toBe('warn')
  })

  test('connects to a real server, in each family of this machine, and reads its certificate', async () => {
    const stateRoot = mkdtempSync(join(tmpdir(), 'futago-api-'))
    const cluster = await startCluster(
      { store: 'memory', securePort: 0, nodes: 0, runtime: 'simulated' },
      { stateRoot },
    )
    const { port } = endpointOf(cluster.server)!
    for (const [family, address] of Object.entries(loopbackAddress)) {
      const server = `https://${address.includes(':') ? `[${address}]` : address}:${port}`
      const settings = { only: ['API-01'] }
      const report = await runChecks({ client: cluster.client, server, settings })
      const verdicts = report.checks[0]!.families
      expect(verdicts[family as 'IPv4']).toMatchObject({
        outcome: 'pass',
        evidence: expect.stringContaining('in the certificate'),
      })
      expect(
        Object.values(verdicts)
          .map(({ outcome }) => outcome)
          .sort(),
      ).toEqual(['pass', 'skip'])
    }
    await cluster.stop()
  })
})

test('An endpoint is a host and a port, brackets or not', () => {
  expect(endpointOf('https://[fd00::1]:6443')).toEqual({ host: 'fd00::1', port: 6443 })
  expect(endpointOf('https://api.example')).toEqual({ host: 'api.example', port: 443 })
  expect(endpointOf('http://api.example/k8s')).toEqual({ host: 'api.example', port: 80 })
  expect(endpointOf('')).toBeUndefined()
})

test('A certificate is good for its names, its addresses, and one label of its wildcards', async () => {
  const names = parseSubjectAltNames(
    'DNS:Kubernetes, DNS:*.api.example, IP Address:FD00:0:0:0:0:0:0:1, URI:x',
  )
  expect(names).toEqual(['kubernetes', '*.api.example', 'fd00::1'])
  expect(['kubernetes', 'a.api.example', 'fd00:0::1'].map(host => isNamed(host, names))).toEqual([
    true,
    true,
    true,
  ])
  expect(['a.b.api.example', 'fd00::2'].map(host => isNamed(host, names))).toEqual([false, false])
  expect(await addressesOfHost('fd00::1')).toEqual(['fd00::1'])
})
