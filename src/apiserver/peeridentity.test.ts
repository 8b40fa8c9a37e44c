import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { identify, identityNow } from './peeridentity.ts'

test('A certificate that ends while its connection is open says no longer who is there', async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1))
  const certificateUser = { name: 'jane', groups: ['dev'] }
  const identity = { certificateUser, remoteAddress: '2001:db8::1' }
  const peer = { identity, notAfterMs: Date.UTC(2026, 0, 1, 1) }
  expect(identityNow(peer, clock)).toEqual(identity)
  await clock.advance(3_600_000)
  expect(identityNow(peer, clock)).toEqual({
    remoteAddress: '2001:db8::1',
    certificateProblem: 'CERT_HAS_EXPIRED',
  })
})

test('Of several names the last counts, and groups keep their order', () => {
  const subject = { CN: ['first', 'second'], O: ['b', 'a'] }
  const certificate = { subject, valid_to: 'Jan  1 00:00:00 2027 GMT' }
  const socket = { authorized: true, getPeerCertificate: () => certificate } as unknown as TLSSocket
  const notAfterMs = Date.UTC(2027, 0, 1)
  const certificateUser = { name: 'second', groups: ['b', 'a'] }
  expect(identify(socket)).toEqual({
    identity: { certificateUser, certificateExpiresMs: notAfterMs },
    notAfterMs,
  })
})
