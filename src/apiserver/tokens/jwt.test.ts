import { constants, generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { decodeToken, isSignedBy, signingAlgorithms } from './jwt.ts'

const curves: Record<string, string> = { '256': 'P-256', '384': 'P-384', '512': 'P-521' }
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pairs = Object.fromEntries(
  signingAlgorithms.map(alg => [
    alg,
    alg.startsWith('ES') ? generateKeyPairSync('ec', { namedCurve: curves[alg.slice(2)]! }) : rsa,
  ]),
)

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf(alg: string, named = alg): string {
  const text = `${encode({ alg: named })}.${encode({ sub: 'me' })}`
  const key = pairs[alg]!.privateKey
  const how = alg.startsWith('ES')
    ? { key, dsaEncoding: 'ieee-p1363' as const }
    : alg.startsWith('PS')
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { key }
  return `${text}.${sign(`sha${alg.slice(2)}`, Buffer.from(text), how).toString('base64url')}`
}

test.each(signingAlgorithms)('%s: its signature is known, and no other key nor algorithm passes', alg => {
  const { publicKey } = pairs[alg]!
  const decoded = decodeToken(tokenOf(alg))!
  expect(decoded.claims).toEqual({ sub: 'me' })
  expect(isSignedBy(decoded, publicKey)).toBe(true)
  const changed = { ...decoded, signed: Buffer.from(`${decoded.signed}x`) }
  expect(isSignedBy(changed, publicKey)).toBe(false)
  for (const other of signingAlgorithms.filter(name => name !== alg)) {
    expect(isSignedBy(decodeToken(tokenOf(alg, other))!, publicKey)).toBe(false)
    if (pairs[other]!.publicKey !== publicKey)
      expect(isSignedBy(decoded, pairs[other]!.publicKey)).toBe(false)
  }
})

test('What is no token is not read; an algorithm that is none is no signature', () => {
  for (const text of ['', 'a', '..', 'a.b.c', `${encode('x')}.${encode({})}.`, `${tokenOf('ES256')}.more`]) {
    expect(decodeToken(text)).toBeUndefined()
  }
  for (const alg of ['none', 'HS256', 'constructor', '', 7]) {
    const decoded = decodeToken(`${encode({ alg })}.${encode({ sub: 'me' })}.`)!
    expect(isSignedBy(decoded, rsa.publicKey)).toBe(false)
  }
})
