import type { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, expect, test } from 'vitest'
import { listen } from '../apiserver/http.ts'
import { textReply } from '../apiserver/reply.ts'
import { FakeClock } from '../component/clock.ts'
import { silentLogger } from '../component/log.ts'
import { endOf } from '../x509/certificates.ts'
import { CertificateRenewal } from './certificaterenewal.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import type { HostAddress } from './listen.ts'
import { openPKI } from './pki.ts'

const dayMs = 86_400_000
const minuteMs = 60_000
const startMs = Date.UTC(2026, 0, 1)
const folder = mkdtempSync(join(tmpdir(), 'futago-renewal-'))
const stops: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const stop of stops) await stop()
  rmSync(folder, { recursive: true })
})

async function open(name: string, intervalMs = dayMs) {
  const clock = new FakeClock(startMs)
  const addresses: HostAddress[] = [{ family: 'IPv6', address: '2001:db8::1', isLoopback: false }]
  const ranges = { serviceClusterIPRange: ['fd00:10:96::/112'] }
  const pki = openPKI({ ...ranges, clock, ownAddresses: [...addresses] })
  const parts = { handler: async () => textReply(200, 'ok'), clock, log: silentLogger }
  const listening = await listen(parts, { bindAddress: 'localhost', port: 0, ...pki.server() })
  const kubeconfigs = [`${name}-own`, `${name}-users`].map(file => join(folder, file))
  const facts = { name, server: 'https://[::1]:6443', authority: pki.authority.certificate }
  for (const path of kubeconfigs) writeFileSync(path, formatKubeconfig({ ...facts, ...pki.admin() }))
  const shared = { pki, clock, log: silentLogger, intervalMs, ownAddresses: () => [...addresses] }
  const renewal = new CertificateRenewal({ ...shared, server: listening, kubeconfigs: () => kubeconfigs })
  await renewal.start()
  stops.push(() => renewal.stop(), listening.close)
  const served = () =>
    new Promise<X509Certificate>((resolve, reject) => {
      const options = { host: 'localhost', port: listening.port, rejectUnauthorized: false }
      const socket = connect(options, () => {
        resolve(socket.getPeerX509Certificate()!)
        socket.destroy()
      })
      socket.once('error', reject)
    })
  return { clock, addresses, pki, kubeconfigs, served }
}

const clientCertificate = (path: string) => {
  const [, data = ''] = /client-certificate-data: (.*)/.exec(readFileSync(path, 'utf8')) ?? []
  return Buffer.from(data, 'base64').toString()
}

test('A cluster that runs for years has a good certificate and good kubeconfigs all the time', async () => {
  const { clock, kubeconfigs, served } = await open('years')
  const [own = '', users = ''] = kubeconfigs
  writeFileSync(users, `${readFileSync(users, 'utf8')}preferences: {colors: true}\n`)
  const first = clientCertificate(own)
  for (const ends of [startMs + 365 * dayMs, startMs + 621 * dayMs]) {
    expect(Date.parse((await served()).validTo)).toBe(ends)
    for (const path of kubeconfigs) expect(endOf(clientCertificate(path))).toBe(ends)
    await clock.advance(256 * dayMs)
  }
  expect(clientCertificate(own)).not.toBe(first)
  expect(readFileSync(users, 'utf8')).toContain('preferences: {colors: true}')
})

test('A minute after this host got another address the certificate has it', async () => {
  const { clock, addresses, served } = await open('addresses', minuteMs)
  expect((await served()).checkIP('192.0.2.7')).toBeUndefined()
  addresses.push(
    { family: 'IPv4', address: '192.0.2.7', isLoopback: false },
    { family: 'IPv6', address: '2001:db8::7', isLoopback: false },
  )
  await clock.advance(minuteMs)
  const certificate = await served()
  for (const { address } of addresses) expect(certificate.checkIP(address), address).toBeTruthy()
})

test('A kubeconfig that is gone or has other credentials stays as it is', async () => {
  const { clock, kubeconfigs, pki } = await open('others')
  const [own = '', users = ''] = kubeconfigs
  const other = formatKubeconfig({ name: 'a', server: 'https://[::1]:1', authority: 'CA', token: 'abc' })
  writeFileSync(own, other)
  rmSync(users)
  const before = pki.admin()
  await clock.advance(256 * dayMs)
  expect(pki.admin()).not.toBe(before)
  expect(readFileSync(own, 'utf8')).toBe(other)
  expect(() => readFileSync(users)).toThrow('ENOENT')
})
