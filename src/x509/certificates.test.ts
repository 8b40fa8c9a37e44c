import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import * as x509 from '@peculiar/x509'
import { expect, test } from 'vitest'
import { createAuthority, issueCertificate, loadAuthority } from './certificates.ts'

const now = Date.now()
const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 }
const authority = createAuthority('futago', validity)
const serving = issueCertificate(authority, {
  commonName: 'kube-apiserver',
  dnsNames: ['localhost', 'kubernetes.default.svc'],
  ipAddresses: ['127.0.0.1', '::1', '10.96.0.1', 'fd00:10:96::1'],
  usages: ['server'],
  ...validity,
})
const admin = issueCertificate(authority, {
  commonName: 'admin',
  organizations: ['system:masters', 'second'],
  usages: ['client'],
  ...validity,
})

test('An independent reader agrees with what was written', async () => {
  const leaf = new x509.X509Certificate(serving.certificate)
  const ca = new x509.X509Certificate(authority.certificate)
  expect(leaf.issuer).toBe('CN=futago')
  expect(await leaf.verify({ publicKey: await ca.publicKey.export(), date: new Date() })).toBe(true)
  expect(ca.getExtension(x509.BasicConstraintsExtension)?.ca).toBe(true)
  expect(leaf.getExtension(x509.BasicConstraintsExtension)?.ca).toBe(false)
  expect(leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON()).toEqual([
    { type: 'dns', value: 'localhost' },
    { type: 'dns', value: 'kubernetes.default.svc' },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
    { type: 'ip', value: '10.96.0.1' },
    { type: 'ip', value: 'fd00:10:96::1' },
  ])
})

test('Serial numbers are valid however the random bytes fall', () => {
  for (let run = 0; run < 50; run++) {
    const { certificate } = issueCertificate(authority, { commonName: 'x', usages: ['client'], ...validity })
    expect(new X509Certificate(certificate).checkIssued(new X509Certificate(authority.certificate))).toBe(
      true,
    )
  }
})

test.each(['127.0.0.1', '::1'])('A TLS connection to %s is trusted on both sides', async host => {
  const server = createServer({
    cert: serving.certificate,
    key: serving.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const accepted = once(server, 'secureConnection')
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ host, port, ca: authority.certificate, cert: admin.certificate, key: admin.key })
  const [[socket]] = (await Promise.all([accepted, once(client, 'secureConnect')])) as [[TLSSocket], unknown]
  expect(client.authorized).toBe(true)
  const { subject } = socket.getPeerCertificate()
  expect(subject).toMatchObject({ CN: 'admin', O: ['system:masters', 'second'] })
  client.destroy()
  socket.destroy()
  server.close()
})

test('A kept authority goes on signing', () => {
  const kept = loadAuthority({ certificate: authority.certificate, key: authority.key }, 'futago')
  const { certificate } = issueCertificate(kept, { commonName: 'later', usages: ['client'], ...validity })
  expect(new X509Certificate(certificate).verify(new X509Certificate(authority.certificate).publicKey)).toBe(
    true,
  )
})
