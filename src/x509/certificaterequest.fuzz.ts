// What comes in a request for a certificate is somebody else's bytes: each is read, or refused with a
// sentence, and nothing else happens.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { almostBytes, anyBytes, anyText, fuzz } from '../../test/fuzzing.ts'
import { createCertificateRequest, parseCertificateRequest } from './certificaterequest.ts'
import { DERError, readElement } from './derreader.ts'
import { encodeAlternativeNames, encodeSubject, readAlternativeNames, readSubject } from './names.ts'
import { decodePEM, encodePEM } from './pem.ts'

function isReadOrRefused(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    return error instanceof DERError && error.message !== ''
  }
}

const request = decodePEM(
  createCertificateRequest({ commonName: 'a', organizations: ['b'], ipAddresses: ['::1', '192.0.2.1'] })
    .request,
)[0]!.bytes
const subject = encodeSubject({ commonName: 'a', organizations: ['b', 'c'] })
const names = encodeAlternativeNames({ dnsNames: ['a'], ipAddresses: ['::1', '192.0.2.1'], uris: ['b:c'] })!

const bytesLike = (valid: Buffer) => fc.oneof(anyBytes, almostBytes(fc.constant(valid)))

test('Any bytes are a request, or refused', () => {
  fuzz(
    fc.property(bytesLike(request), bytes =>
      isReadOrRefused(() => parseCertificateRequest(encodePEM('CERTIFICATE REQUEST', bytes))),
    ),
  )
})

test('Any bytes are a subject, or refused', () => {
  fuzz(fc.property(bytesLike(subject), bytes => isReadOrRefused(() => readSubject(readElement(bytes)))))
})

test('Any bytes are alternative names, or refused; those that are read can be written', () => {
  fuzz(
    fc.property(bytesLike(names), bytes =>
      isReadOrRefused(() => encodeAlternativeNames(readAlternativeNames(readElement(bytes)))),
    ),
  )
})

test('Any text has its blocks of PEM, and those of a text around it', () => {
  fuzz(
    fc.property(anyText, anyBytes, (text, bytes) => {
      const quiet = text.replaceAll('-', '')
      const blocks = decodePEM(`${quiet}${encodePEM('X', bytes)}${quiet}`)
      expect(blocks).toEqual([{ label: 'X', bytes, hasHeaders: false }])
      expect(decodePEM(text)).toBeInstanceOf(Array)
    }),
  )
})
