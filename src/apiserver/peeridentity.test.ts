import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { identityNow } from './peeridentity.ts'

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
