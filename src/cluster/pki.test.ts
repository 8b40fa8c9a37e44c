import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FakeClock, systemClock } from '../component/clock.ts'
import { openPKI } from './pki.ts'
import { StateDirectory } from './statedirectory.ts'

const clock = systemClock
const ownAddresses = [
  { family: 'IPv4', address: '192.0.2.7', isLoopback: false },
  { family: 'IPv6', address: '2001:db8::7', isLoopback: false },
] as const

test('The serving certificate names every Service and host address, loopbacks and the usual names', () => {
  const serviceClusterIPRange = ['fd00:10:96::/112', '10.96.0.0/16']
  const { server } = openPKI({ serviceClusterIPRange, ownAddresses, clock })
  const certificate = new X509Certificate(server().certificate)
  for (const address of ['127.0.0.1', '::1', '10.96.0.1', 'fd00:10:96::1', '192.0.2.7', '2001:db8::7']) {
    expect(certificate.checkIP(address), address).toBeTruthy()
  }
  for (const name of ['localhost', 'kubernetes.default.svc.cluster.local']) {
    expect(certificate.checkHost(name), name).toBe(name)
  }
  expect(certificate.checkHost('example.com')).toBeUndefined()
})

test('The CA is kept, so that an older kubeconfig still trusts the cluster', () => {
  const directory = new StateDirectory(mkdtempSync(join(tmpdir(), 'futago-pki-')), 'a')
  directory.create()
  const options = { directory, serviceClusterIPRange: ['10.96.0.0/16'], ownAddresses, clock }
  const first = openPKI(options)
  const second = openPKI(options)
  expect(second.authority.certificate).toBe(first.authority.certificate)
  const { publicKey } = new X509Certificate(first.authority.certificate)
  expect(new X509Certificate(second.server().certificate).verify(publicKey)).toBe(true)
  expect(new X509Certificate(second.admin().certificate).subject).toBe(
    'O=system:masters\nCN=kubernetes-admin',
  )
})

test('Servers that share a directory of keys and start together take the same', () => {
  const root = mkdtempSync(join(tmpdir(), 'futago-pki-'))
  const certDir = join(root, 'keys')
  const pkis = ['a', 'b'].map(name => {
    const directory = new StateDirectory(root, name)
    directory.create(certDir)
    return openPKI({ directory, serviceClusterIPRange: ['fd00:10:96::/112'], ownAddresses, clock })
  })
  expect(pkis[1]!.authority.certificate).toBe(pkis[0]!.authority.certificate)
  expect(pkis[1]!.serviceAccountKey).toBe(pkis[0]!.serviceAccountKey)
  expect(readdirSync(root).sort()).toEqual(['a', 'b', 'keys'])
  expect(readdirSync(certDir).sort()).toEqual(['ca.crt', 'ca.key', 'sa.key'])
})

test('A cluster whose authority has ended does not start, and says when that was', () => {
  const directory = new StateDirectory(mkdtempSync(join(tmpdir(), 'futago-pki-')), 'a')
  directory.create()
  const open = (nowMs: number) =>
    openPKI({
      directory,
      serviceClusterIPRange: ['fd00:10:96::/112'],
      ownAddresses,
      clock: new FakeClock(nowMs),
    })
  open(Date.UTC(2026, 0, 1))
  expect(() => open(Date.UTC(2036, 0, 1))).toThrow(
    "the cluster's authority has ended (2035-12-30T00:00:00.000Z)",
  )
})
