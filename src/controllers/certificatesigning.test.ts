import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import type { CertificateSigningRequest } from '../api/generated/types.ts'
import { certificateSigningRequests } from '../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { Client } from '../client/client.ts'
import { createCertificateRequest, type WantedCertificate } from '../x509/certificaterequest.ts'
import { createAuthority } from '../x509/certificates.ts'
import { certificateApprovingController } from './certificateapproving.ts'
import { certificateSigningController, planValidity } from './certificatesigning.ts'
import { startControllers } from './liveserver.fake.ts'
import { nodes, secrets } from './resources.ts'

const startMs = Date.UTC(2026, 0, 1)
const authority = createAuthority('futago', {
  notBeforeMs: startMs,
  notAfterMs: startMs + 20_000 * 3_600_000,
})
const reserved = { dnsNames: ['kubernetes', 'localhost'], ipAddresses: ['10.96.0.1', 'fd00:10:96::1'] }

const start = () =>
  startControllers([
    certificateSigningController({ authority }),
    certificateApprovingController({ reserved: () => reserved }),
  ])

type World = Awaited<ReturnType<typeof start>>

const nodeSubject = { commonName: 'system:node:a', organizations: ['system:nodes'] }

function requestOf(
  name: string,
  wanted: WantedCertificate,
  spec: Partial<CertificateSigningRequest['spec']>,
): CertificateSigningRequest {
  const { request } = createCertificateRequest(wanted)
  return {
    metadata: { name },
    spec: { request: Buffer.from(request).toString('base64'), signerName: '', ...spec },
  }
}

const clientRequest = (name: string, more: Partial<CertificateSigningRequest['spec']> = {}) =>
  requestOf(
    name,
    { commonName: 'jane', organizations: ['dev'] },
    { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...more },
  )

const kubeletUsages = { usages: ['digital signature', 'client auth'] }
const kubeletRequest = (name: string, wanted: WantedCertificate = nodeSubject) =>
  requestOf(name, wanted, { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', ...kubeletUsages })

const servingRequest = (name: string, names: Partial<WantedCertificate>) =>
  requestOf(
    name,
    { ...nodeSubject, ...names },
    { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] },
  )

async function approve({ client }: World, name: string, type = 'Approved') {
  const object = await client.get(certificateSigningRequests, { name })
  const conditions = [{ type, status: 'True', reason: 'Test' }]
  await client.update(
    certificateSigningRequests,
    { ...object, status: { conditions } },
    { subresource: 'approval' },
  )
}

async function outcome({ client, settle }: World, name: string): Promise<string> {
  await settle()
  const { status } = await client.get(certificateSigningRequests, { name })
  const conditions = (status?.conditions ?? []).map(({ type, message }) =>
    message ? `${type}: ${message}` : type,
  )
  return [...conditions, ...(status?.certificate ? ['certificate'] : [])].join(', ')
}

test('An approved request gets its certificate, one that is denied or waits does not', async () => {
  const world = await start()
  for (const name of ['approved', 'denied', 'waiting']) {
    await world.client.create(certificateSigningRequests, clientRequest(name))
  }
  await approve(world, 'approved')
  await approve(world, 'denied', 'Denied')
  expect(await outcome(world, 'approved')).toBe('Approved, certificate')
  expect(await outcome(world, 'denied')).toBe('Denied')
  expect(await outcome(world, 'waiting')).toBe('')
  const { status } = await world.client.get(certificateSigningRequests, { name: 'approved' })
  const certificate = new X509Certificate(Buffer.from(status!.certificate!, 'base64'))
  expect(certificate.subject).toBe('O=dev\nCN=jane')
  expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true)
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(certificate.validFrom).toBe('Jan  1 11:55:00 2026 GMT')
  expect(certificate.validTo).toBe('Jan  1 11:55:00 2027 GMT')
  expect(world.problems).toEqual([])
})

test('A certificate lives for as long as was asked for, and no longer than the signer allows', () => {
  const minutes = (from: number, to: number) => ({ notBeforeMs: from * 60_000, notAfterMs: to * 60_000 })
  expect(planValidity(600, 0)).toEqual(minutes(-5, 10))
  expect(planValidity(86_400, 0)).toEqual(minutes(-5, 24 * 60 - 5))
  expect(planValidity(undefined, 0, 60_000)).toEqual(minutes(-5, 1))
  expect(planValidity(86_400, 0, 60_000)).toEqual(minutes(-5, 1))
})

test.each([
  [
    clientRequest('x', { usages: ['client auth', 'server auth'] }),
    'invalid usage for client certificate: server auth',
  ],
  [
    clientRequest('x', { usages: ['digital signature'] }),
    'missing required usage for client certificate: client auth',
  ],
  [
    kubeletRequest('x', { ...nodeSubject, organizations: ['dev'] }),
    'subject organization is not system:nodes',
  ],
  [
    kubeletRequest('x', { ...nodeSubject, commonName: 'jane' }),
    'subject common name does not begin with system:node:',
  ],
  [kubeletRequest('x', { ...nodeSubject, ipAddresses: ['::1'] }), 'IP subjectAltNames are not allowed'],
  [servingRequest('x', {}), 'DNS or IP subjectAltName is required'],
])('A signer marks what it cannot sign as failed, and says why', async (object, why) => {
  const world = await start()
  await world.client.create(certificateSigningRequests, object)
  await approve(world, 'x')
  expect(await outcome(world, 'x')).toBe(`Approved, Failed: ${why}`)
})

test('A request to a signer that is none of ours is left alone', async () => {
  const world = await start()
  await world.client.create(
    certificateSigningRequests,
    clientRequest('x', { signerName: 'example.com/mine' }),
  )
  await approve(world, 'x')
  expect(await outcome(world, 'x')).toBe('Approved')
  expect(world.problems).toEqual([])
})

const asNode = (world: World, name: string) =>
  new Client(world.serverFor({ name: `system:node:${name}`, groups: ['system:nodes'] }))

test('What a kubelet asks for as its client certificate is approved and signed', async () => {
  const world = await start()
  await asNode(world, 'a').create(certificateSigningRequests, kubeletRequest('own'))
  await world.client.create(certificateSigningRequests, kubeletRequest('foreign'))
  expect(await outcome(world, 'own')).toBe(
    'Approved: Auto approving self kubelet client certificate after SubjectAccessReview., certificate',
  )
  expect(await outcome(world, 'foreign')).toBe(
    'Approved: Auto approving kubelet client certificate after SubjectAccessReview., certificate',
  )
})

test.each([
  ['any', {}, true],
  ['node a', { 'futago-node': 'a' }, true],
  ['node b', { 'futago-node': 'b' }, false],
])('Who comes as node a with a token that is for %s', async (_whom, stringData, isApproved) => {
  const world = await start()
  const metadata = { namespace: 'kube-system', name: 'bootstrap-token-abcdef' }
  await world.client.create(secrets, { metadata, type: 'bootstrap.kubernetes.io/token', stringData })
  const joining = { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] }
  await new Client(world.serverFor(joining)).create(certificateSigningRequests, kubeletRequest('x'))
  const approved =
    'Approved: Auto approving kubelet client certificate after SubjectAccessReview., certificate'
  expect(await outcome(world, 'x')).toBe(isApproved ? approved : '')
})

test('Who comes with a token that is gone is not approved', async () => {
  const world = await start()
  const joining = { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] }
  await new Client(world.serverFor(joining)).create(certificateSigningRequests, kubeletRequest('x'))
  expect(await outcome(world, 'x')).toBe('')
})

const addresses = (...ips: string[]) => ({
  status: { addresses: ips.map(address => ({ type: 'InternalIP', address })) },
})

test.each([
  [['172.20.0.4']],
  [['fd00:172:20::4']],
  [['172.20.0.4', 'fd00:172:20::4']],
  [['fd00:172:20::4', '172.20.0.4']],
])('A serving certificate for %j is approved as soon as the Node has these addresses', async ipAddresses => {
  const world = await start()
  await asNode(world, 'a').create(
    certificateSigningRequests,
    servingRequest('x', { dnsNames: ['a'], ipAddresses }),
  )
  expect(await outcome(world, 'x')).toBe('')
  await world.client.create(nodes, { metadata: { name: 'a' }, ...addresses(...ipAddresses) })
  expect(await outcome(world, 'x')).toBe(
    'Approved: Auto approving self kubelet server certificate after SubjectAccessReview., certificate',
  )
})

test.each([
  ['the name of the API server', { dnsNames: ['kubernetes'] }],
  ['an address of the API server', { ipAddresses: ['10.96.0.1'] }],
  ['where the Service kubernetes leads to', { ipAddresses: ['192.0.2.1'] }],
  ['an address of another node', { ipAddresses: ['172.20.0.5'] }],
  ['the name of another node', { dnsNames: ['b'] }],
  ['an address that the Node does not have', { ipAddresses: ['172.20.0.9'] }],
])('A serving certificate for %s is not approved', async (_what, names) => {
  const world = await start()
  const claimed = ['172.20.0.4', '10.96.0.1', '192.0.2.1', '172.20.0.5']
  const hostnames = ['kubernetes', 'b'].map(address => ({ type: 'Hostname', address }))
  await world.client.create(nodes, {
    metadata: { name: 'a' },
    status: { addresses: [...addresses(...claimed).status.addresses, ...hostnames] },
  })
  await world.client.create(nodes, { metadata: { name: 'b' }, ...addresses('172.20.0.5') })
  await asNode(world, 'a').create(certificateSigningRequests, servingRequest('x', names))
  expect(await outcome(world, 'x')).toBe('')
})

test('A serving certificate that somebody else asks for is not approved', async () => {
  const world = await start()
  await world.client.create(nodes, { metadata: { name: 'a' }, ...addresses('172.20.0.4') })
  await world.client.create(certificateSigningRequests, servingRequest('x', { ipAddresses: ['172.20.0.4'] }))
  expect(await outcome(world, 'x')).toBe('')
})
