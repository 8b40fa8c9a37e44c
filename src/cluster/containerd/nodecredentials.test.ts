import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { clientConfig, parseKubeconfig } from '../../client/kubeconfig.ts'
import { createAuthority } from '../../x509/certificates.ts'
import { issueNodeCredentials } from './nodecredentials.ts'

const nowMs = Date.UTC(2026, 0, 1)

test('a node is known by its name, and its kubelet at addresses of both families', async () => {
  const authority = createAuthority('test', { notBeforeMs: nowMs, notAfterMs: nowMs + 1e9 })
  const { kubeconfig, serving } = issueNodeCredentials(authority, {
    name: 'node1',
    addresses: ['fd00:172:20::4', '172.20.0.4'],
    server: 'https://[fd00:172:20::1]:6443',
    nowMs,
  })
  const config = await clientConfig(await parseKubeconfig(kubeconfig))
  expect(config.server).toBe('https://[fd00:172:20::1]:6443')
  expect(config.tlsServerName).toBe('kubernetes')
  expect(new X509Certificate(config.certificate!).subject).toBe('O=system:nodes\nCN=system:node:node1')
  const certificate = new X509Certificate(serving.certificate)
  expect(certificate.checkIP('172.20.0.4')).toBe('172.20.0.4')
  expect(certificate.checkIP('fd00:172:20::4')).toBe('fd00:172:20::4')
  expect(certificate.checkHost('node1')).toBe('node1')
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true)
})
