import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { SigningKey } from './signingkey.ts'

const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
const key = new SigningKey(pem())
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('A token is three parts that anyone with the public key can check', () => {
  const token = key.sign({ sub: 'me' })
  const [header, payload, signature] = token.split('.') as [string, string, string]
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', kid: key.id })
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({ sub: 'me' })
  const { kty, crv, x, y } = key.jwk
  const shared = createPublicKey({ key: { kty: kty!, crv: crv!, x: x!, y: y! }, format: 'jwk' })
  const bytes = Buffer.from(signature, 'base64url')
  expect(bytes).toHaveLength(64)
  const signed = Buffer.from(`${header}.${payload}`)
  expect(verify('sha256', signed, { key: shared, dsaEncoding: 'ieee-p1363' }, bytes)).toBe(true)
})

test('Its own tokens are read, and nothing else is', () => {
  const token = key.sign({ sub: 'me' })
  expect(key.verify(token)).toEqual({ sub: 'me' })
  const [header, , signature] = token.split('.')
  expect(key.verify(`${header}.${encode({ sub: 'you' })}.${signature}`)).toBeUndefined()
  expect(key.verify(`${encode({ alg: 'none' })}.${encode({ sub: 'me' })}.`)).toBeUndefined()
  expect(key.verify(`${token}.more`)).toBeUndefined()
  expect(key.verify(new SigningKey(pem()).sign({ sub: 'me' }))).toBeUndefined()
  for (const text of ['', 'a', '..', 'a.b.c', token.slice(0, -10)]) expect(key.verify(text)).toBeUndefined()
})

test('The public key names itself as tokens name it', () => {
  expect(key.jwk).toMatchObject({ use: 'sig', kty: 'EC', alg: 'ES256', crv: 'P-256', kid: key.id })
  expect(Object.keys(key.jwk)).not.toContain('d')
})
