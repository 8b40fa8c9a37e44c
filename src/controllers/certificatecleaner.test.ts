import { expect, test } from 'vitest'
import type { CertificateSigningRequest } from '../api/generated/types.ts'
import { formatTime } from '../api/meta/timestamps.ts'
import { certificateSigningRequests } from '../api/resources/certificates.k8s.io/certificatesigningrequest.ts'
import { createCertificateRequest } from '../x509/certificaterequest.ts'
import { createAuthority } from '../x509/certificates.ts'
import { certificateCleaner, isSettled } from './certificatecleaner.ts'
import { startControllers } from './liveserver.fake.ts'

const minuteMs = 60_000
const base64 = (text: string) => Buffer.from(text).toString('base64')
const lasting = base64(createAuthority('x', { notBeforeMs: 0, notAfterMs: 90 * minuteMs }).certificate)

function request(type?: string, certificate?: string): CertificateSigningRequest {
  const condition = { type: type ?? '', status: 'True', lastUpdateTime: formatTime(0) }
  return {
    metadata: { creationTimestamp: formatTime(0) },
    spec: { request: '', signerName: '' },
    status: { ...(type ? { conditions: [condition] } : {}), ...(certificate ? { certificate } : {}) },
  }
}

test.each([
  ['nobody settled', request(), 24 * 60],
  ['was denied', request('Denied'), 60],
  ['failed', request('Failed'), 60],
  ['has its certificate', request('Approved', lasting), 60],
  [
    'has a certificate that has expired',
    request('Approved', base64(createAuthority('x', { notBeforeMs: 0, notAfterMs: minuteMs }).certificate)),
    1,
  ],
])('A request that %s goes after its time', (_what, object, minutes) => {
  expect(isSettled(object, minutes * minuteMs)).toBe(false)
  expect(isSettled(object, minutes * minuteMs + 1000)).toBe(true)
})

test('A request that was approved and waits for its certificate stays', () => {
  expect(isSettled(request('Approved'), 1000 * 60 * minuteMs)).toBe(false)
})

test('What is settled goes at the next round, what waits stays', async () => {
  const world = await startControllers([certificateCleaner({ periodMs: 1000 })])
  for (const name of ['denied', 'waiting']) {
    const { request: wanted } = createCertificateRequest({ commonName: 'jane' })
    const spec = {
      request: base64(wanted),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    }
    await world.client.create(certificateSigningRequests, { metadata: { name }, spec })
  }
  const conditions = [{ type: 'Denied', status: 'True', lastUpdateTime: '2026-01-01T10:00:00Z' }]
  const denied = await world.client.get(certificateSigningRequests, { name: 'denied' })
  await world.client.update(
    certificateSigningRequests,
    { ...denied, status: { conditions } },
    { subresource: 'approval' },
  )
  await world.settle()
  await world.clock.advance(1000)
  await world.settle()
  const { items } = await world.client.list(certificateSigningRequests)
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['waiting'])
  expect(world.problems).toEqual([])
})
