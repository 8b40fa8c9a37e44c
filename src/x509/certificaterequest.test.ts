import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { expect, test } from 'vitest'
import { createCertificateRequest, parseCertificateRequest } from './certificaterequest.ts'
import { createAuthority, signRequest } from './certificates.ts'
import { decodePEM, encodePEM } from './pem.ts'

const wanted = {
  commonName: 'system:node:node1',
  organizations: ['system:nodes'],
  dnsNames: ['node1'],
  ipAddresses: ['172.20.0.4', 'fd00:172:20::4'],
}

test('A request is read as it was made, addresses of both families among its names', () => {
  const { request } = createCertificateRequest(wanted)
  const { publicKey, ...rest } = parseCertificateRequest(request)
  expect(publicKey).toHaveLength(91)
  expect(rest).toEqual({
    subject: { commonName: 'system:node:node1', organizations: ['system:nodes'], others: {} },
    dnsNames: ['node1'],
    ipAddresses: ['172.20.0.4', 'fd00:172:20::4'],
    emailAddresses: [],
    uris: [],
  })
})

test('An independent reader agrees with a request, IPv6 in 16 bytes', async () => {
  const parsed = new x509.Pkcs10CertificateRequest(createCertificateRequest(wanted).request)
  expect(await parsed.verify()).toBe(true)
  expect(parsed.subject).toBe('O=system:nodes, CN=system:node:node1')
  const [extension] = parsed.extensions
  expect((extension as x509.SubjectAlternativeNameExtension).names.toJSON()).toEqual([
    { type: 'dns', value: 'node1' },
    { type: 'ip', value: '172.20.0.4' },
    { type: 'ip', value: 'fd00:172:20::4' },
  ])
})

const extensions = [
  new x509.SubjectAlternativeNameExtension([
    { type: 'email', value: 'jane@example.com' },
    { type: 'url', value: 'https://example.com/' },
    { type: 'ip', value: '::1' },
  ]),
]

test.each([
  ['ECDSA P-256', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }],
  ['ECDSA P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
  [
    'RSA',
    {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      publicExponent: new Uint8Array([1, 0, 1]),
      modulusLength: 2048,
    },
  ],
])('A request of another program with a key of %s is read', async (_name, signingAlgorithm) => {
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify'])
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'C=JP, O=ops, O=dev, OU=a unit, CN=jané',
    keys,
    signingAlgorithm,
    extensions,
  })
  const parsed = parseCertificateRequest(made.toString('pem'))
  expect(parsed.subject).toEqual({
    commonName: 'jané',
    organizations: ['ops', 'dev'],
    others: { '2.5.4.6': ['JP'], '2.5.4.11': ['a unit'] },
  })
  expect(parsed.emailAddresses).toEqual(['jane@example.com'])
  expect(parsed.uris).toEqual(['https://example.com/'])
  expect(parsed.ipAddresses).toEqual(['::1'])
})

test('A request that somebody changed, or that is none, is refused with a sentence', () => {
  const { request } = createCertificateRequest(wanted)
  const [block] = decodePEM(request)
  const changed = Buffer.from(block!.bytes)
  changed[changed.indexOf('node1')] = 'N'.charCodeAt(0)
  const parse = (text: string) => () => parseCertificateRequest(text)
  expect(parse(encodePEM('CERTIFICATE REQUEST', changed))).toThrow('x509: signature verification failed')
  expect(parse('')).toThrow('PEM block type must be CERTIFICATE REQUEST')
  expect(parse(encodePEM('CERTIFICATE', block!.bytes))).toThrow('PEM block type must be CERTIFICATE REQUEST')
  expect(parse(encodePEM('CERTIFICATE REQUEST', Buffer.from('nonsense')))).toThrow('asn1: ')
  expect(parse(encodePEM('CERTIFICATE REQUEST', block!.bytes.subarray(0, 60)))).toThrow('asn1: ')
})

test('Whatever single byte is changed, a request is refused and nothing else happens', () => {
  const [block] = decodePEM(createCertificateRequest(wanted).request)
  for (let at = 0; at < block!.bytes.length; at++) {
    const changed = Buffer.from(block!.bytes)
    changed[at]! ^= 1 << (at % 8)
    expect(() => parseCertificateRequest(encodePEM('CERTIFICATE REQUEST', changed))).toThrow(/^(asn1|x509): /)
  }
})

test('A certificate for a request has its subject, names and key, and the usages of the terms', () => {
  const nowMs = Date.now()
  const authority = createAuthority('futago', { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 3_600_000 })
  const { request, key } = createCertificateRequest(wanted)
  const pem = signRequest(authority, parseCertificateRequest(request), {
    usages: ['digital signature', 'key encipherment', 'server auth'],
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + 7_200_000,
  })
  const certificate = new X509Certificate(pem)
  expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:node1')
  expect(certificate.subjectAltName).toBe(
    'DNS:node1, IP Address:172.20.0.4, IP Address:FD00:172:20:0:0:0:0:4',
  )
  expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true)
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  expect(certificate.validTo).toBe(new X509Certificate(authority.certificate).validTo)
  const read = new x509.X509Certificate(pem)
  expect(read.getExtension(x509.KeyUsagesExtension)?.usages).toBe(
    x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
  )
  expect(read.getExtension(x509.BasicConstraintsExtension)?.ca).toBe(false)
  expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
})

test('Nothing is signed when the authority is no longer valid, or for usages that there are not', () => {
  const nowMs = Date.now()
  const authority = createAuthority('futago', { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs - 1000 })
  const request = parseCertificateRequest(createCertificateRequest(wanted).request)
  const terms = { usages: ['client auth'], notBeforeMs: nowMs, notAfterMs: nowMs + 1 }
  expect(() => signRequest(authority, request, terms)).toThrow('the signer has expired')
  const odd = { ...terms, usages: ['to please'], notBeforeMs: nowMs - 60_000 }
  expect(() => signRequest(authority, request, odd)).toThrow('unrecognized usage values: ["to please"]')
})
