import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { createAuthority, endOf } from '../x509/certificates.ts'
import { renewedCertificate } from './renewedcertificate.ts'

const dayMs = 86_400_000
const startMs = Date.UTC(2026, 0, 1)

function open(authorityDays = 3650) {
  const clock = new FakeClock(startMs)
  const validity = { notBeforeMs: startMs, notAfterMs: startMs + authorityDays * dayMs }
  const ipAddresses = ['2001:db8::1']
  const contents = () => ({
    commonName: 'server',
    ipAddresses: [...ipAddresses],
    usages: ['server'] as const,
  })
  return { clock, ipAddresses, current: renewedCertificate(createAuthority('ca', validity), clock, contents) }
}

test('The same certificate is used for 70 percent of its year, and then a fresh one', async () => {
  const { clock, current } = open()
  const first = current()
  expect(endOf(first.certificate)).toBe(startMs + 365 * dayMs)
  await clock.advance(255 * dayMs)
  expect(current()).toBe(first)
  await clock.advance(dayMs)
  const second = current()
  expect(endOf(second.certificate)).toBe(startMs + (256 + 365) * dayMs)
  expect(second.key).not.toBe(first.key)
})

test('A name that the certificate lacks makes a new one, a name that is gone does not', () => {
  const { ipAddresses, current } = open()
  const first = current()
  ipAddresses.push('192.0.2.1')
  const second = current()
  expect(second).not.toBe(first)
  for (const address of ipAddresses) {
    expect(new X509Certificate(second.certificate).checkIP(address)).toBeTruthy()
  }
  ipAddresses.shift()
  expect(current()).toBe(second)
})

test('No certificate outlives its authority, and none is made in vain', async () => {
  const { clock, current } = open(400)
  await clock.advance(256 * dayMs)
  const last = current()
  expect(endOf(last.certificate)).toBe(startMs + 400 * dayMs)
  await clock.advance(143 * dayMs)
  expect(current()).toBe(last)
})

test('A clock that is ahead of real time makes certificates that are good in both', async () => {
  const { clock, current } = open(40 * 365)
  await clock.advance(20 * 365 * dayMs)
  const { certificate } = current()
  expect(Date.parse(new X509Certificate(certificate).validFrom)).toBeLessThan(Date.now())
  expect(endOf(certificate)).toBe(startMs + 21 * 365 * dayMs)
})
