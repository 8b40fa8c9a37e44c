import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { certificateSigningRequests } from '../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { nodes } from '../api/resources/core/node.ts'
import { openTestServer } from '../apiserver/apiserver.fake.ts'
import { Client } from '../client/client.ts'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { certificateApprovingController } from '../controllers/certificateapproving.ts'
import { certificateSigningController } from '../controllers/certificatesigning.ts'
import { ControllerManager } from '../controllers/manager.ts'
import { createAuthority, issueCertificate, type KeyedCertificate } from '../x509/certificates.ts'
import { CertificateManager, type CertificateManagerOptions, planRenewal } from './certificatemanager.ts'
import { requestCertificate } from './certificaterequests.ts'

const startMs = Date.UTC(2026, 0, 1, 12)
const hourMs = 3_600_000
const authority = createAuthority('test', { notBeforeMs: startMs - hourMs, notAfterMs: startMs + 9e10 })
const stranger = createAuthority('other', { notBeforeMs: startMs - hourMs, notAfterMs: startMs + 9e10 })
const issue = (fromMs: number, toMs: number, by = authority): KeyedCertificate =>
  issueCertificate(by, { commonName: 'node1', usages: ['client'], notBeforeMs: fromMs, notAfterMs: toMs })

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

function newPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'futago-certificates-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'pki', 'current.pem')
}

function open(options: Partial<CertificateManagerOptions>) {
  const clock = new FakeClock(startMs)
  const asked: number[] = []
  const told: KeyedCertificate[] = []
  const path = options.path ?? newPath()
  const manager = new CertificateManager({
    purpose: 'client',
    clock,
    log: silentLogger,
    ca: authority.certificate,
    path,
    fits: () => true,
    request: async () => {
      asked.push(clock.now() - startMs)
      return issue(clock.now(), clock.now() + 10 * hourMs)
    },
    onChange: current => void told.push(current),
    ...options,
  })
  cleanups.push(() => manager.stop())
  return { manager, clock, asked, told, path }
}

test('A certificate is renewed when 70 to 90 percent of its time are over', () => {
  const validity = { fromMs: 1000, toMs: 2000 }
  expect([0, 0.5, 1].map(chance => planRenewal(validity, chance))).toEqual([1700, 1800, 1900])
})

test('Without one it asks at once, keeps it for the owner’s eyes, and asks again in time', async () => {
  const { manager, clock, asked, told, path } = open({})
  await manager.start()
  await manager.obtained
  expect(asked).toEqual([0])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).toBe(told[0]!.certificate + told[0]!.key)
  await clock.advance(6.9 * hourMs)
  expect(asked).toHaveLength(1)
  await clock.advance(2.2 * hourMs)
  expect(asked).toHaveLength(2)
  expect(manager.current).toBe(told[1])
})

test('The newer of what was kept and what was given is used, and neither asked for', async () => {
  const older = issue(startMs - 2 * hourMs, startMs + 9 * hourMs)
  const newer = issue(startMs - hourMs, startMs + 10 * hourMs)
  const { path } = open({ given: older })
  const first = open({ path, request: async () => newer })
  await first.manager.obtain()
  expect(open({ path, given: older }).manager.current).toEqual(newer)
  expect(open({ given: older }).manager.current).toEqual(older)
})

test.each([
  ['has expired', issue(startMs - 2 * hourMs, startMs - hourMs), {}],
  ['is of another authority', issue(startMs - hourMs, startMs + hourMs, stranger), {}],
  ['names something else', issue(startMs - hourMs, startMs + hourMs), { fits: () => false }],
  ['is none', { certificate: 'x', key: 'y' }, {}],
])('A certificate that %s is not used', (_what, given, options) => {
  expect(open({ given, ...options }).manager.current).toBeUndefined()
})

test('What cannot be read on disk is as if it were not there', () => {
  const { path } = open({})
  const other = join(path, '..', '..', 'x.pem')
  writeFileSync(other, 'nonsense')
  expect(open({ path: other }).manager.current).toBeUndefined()
})

test('A refusal is tried again, later each time, and the old certificate used meanwhile', async () => {
  const attempts: number[] = []
  const given = issue(startMs - 9.5 * hourMs, startMs + 0.5 * hourMs)
  const { manager, clock } = open({
    given,
    request: async () => {
      attempts.push((clock.now() - startMs) / 1000)
      throw new Error('not now')
    },
  })
  await manager.start()
  await clock.advance(0)
  await clock.advance(10_000)
  expect(attempts).toEqual([0, 1, 3, 7])
  expect(manager.current).toBe(given)
})

/** A server whose controllers approve and sign. */
async function openWorld() {
  const { server, clock, close } = await openTestServer()
  const client = new Client(server.transport({ name: 'admin', groups: ['system:masters'] }))
  const own = new Client(server.transport({ name: 'system:node:node1', groups: ['system:nodes'] }))
  const controllers = [
    certificateSigningController({ authority }),
    certificateApprovingController({ reserved: () => ({ dnsNames: [], ipAddresses: [] }) }),
  ]
  const manager = new ControllerManager({ client, clock, controllers })
  await manager.start()
  cleanups.push(close, () => manager.stop())
  return { client, own, clock }
}

test.each([
  [['172.20.0.4']],
  [['fd00:172:20::4']],
  [['172.20.0.4', 'fd00:172:20::4']],
  [['fd00:172:20::4', '172.20.0.4']],
])('A node at %j gets its certificates from the server', async addresses => {
  const { client, own, clock } = await openWorld()
  const identity = { name: 'node1', addresses }
  const forClient = await requestCertificate(identity, 'client', { client: own, clock })
  const certificate = new X509Certificate(forClient.certificate)
  expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:node1')
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  const status = { addresses: addresses.map(address => ({ type: 'InternalIP', address })) }
  await client.create(nodes, { metadata: { name: 'node1' }, status })
  const serving = await requestCertificate(identity, 'serving', { client: own, clock })
  const forServer = new X509Certificate(serving.certificate)
  for (const address of addresses) expect(forServer.checkIP(address)).toBe(address)
  expect(forServer.checkHost('node1')).toBe('node1')
})

test('A request that is denied, or gone, ends the waiting', async () => {
  const { server, clock, close } = await openTestServer()
  cleanups.push(close)
  const client = new Client(server.transport({ name: 'admin', groups: ['system:masters'] }))
  const settle = async (act: (name: string) => Promise<unknown>) => {
    const asking = requestCertificate({ name: 'node1', addresses: [] }, 'client', { client, clock })
    asking.catch(() => undefined)
    await clock.advance(0)
    const { items } = await client.list(certificateSigningRequests)
    await act(items.find(({ status }) => !status?.conditions?.length)!.metadata.name!)
    return asking
  }
  const deny = async (name: string) => {
    const object = await client.get(certificateSigningRequests, { name })
    const conditions = [{ type: 'Denied', status: 'True', message: 'unknown machine' }]
    const denied = { ...object, status: { conditions } }
    await client.update(certificateSigningRequests, denied, { subresource: 'approval' })
  }
  await expect(settle(deny)).rejects.toThrow('the request for a certificate is Denied: unknown machine')
  await expect(settle(name => client.delete(certificateSigningRequests, { name }))).rejects.toThrow('is gone')
})
