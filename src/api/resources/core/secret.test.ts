import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Secret } from '../../generated/types.ts'
import { secrets } from './secret.ts'

const secret = (rest: Partial<Secret>): Secret => ({ metadata: { name: 's' }, ...rest })
const certificatePEM = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBbDCCAROgAwIBAgIUeyfJc5Jm0BvAJQ9g0er5kKkxyvswCgYIKoZIzj0EAwIw',
  'DDEKMAgGA1UEAwwBYTAeFw0yNjExMjIxNTUwMzhaFw0zNjExMTkxNTUwMzhaMAwx',
  'CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS+azIa4DUpq1MG',
  'fxwrS6CWuiC1ExGvftWRVntzLATR4fdpid5UdYuw/9yUvsKldvmnJtT1vFpqRVvn',
  'G1PzWYd3o1MwUTAdBgNVHQ4EFgQUrUnK/URGXg51X2tPRGdofKQsYh8wHwYDVR0j',
  'BBgwFoAUrUnK/URGXg51X2tPRGdofKQsYh8wDwYDVR0TAQH/BAUwAwEB/zAKBggq',
  'hkjOPQQDAgNHADBEAiAamaqfjtVi+OGatm+B0ykqAfjqj741/gXOR5+NsdpHJAIg',
  'Eds9zF6cmHwiVmyFqp7nAV997KZtLXmw/2zRV3sZJqA=',
  '-----END CERTIFICATE-----',
].join('\n')
const toBase64 = (text: string) => Buffer.from(text).toString('base64')
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

describe('secrets', () => {
  test('stringData is folded into data and wins over it', () => {
    const object = secret({ data: { a: 'eA==', b: 'eQ==' }, stringData: { b: 'é' } })
    secrets.default!(object)
    expect(object).toEqual({ metadata: { name: 's' }, type: 'Opaque', data: { a: 'eA==', b: 'w6k=' } })
  })

  const refused: [string, Partial<Secret>, string[]][] = [
    [
      'a token without account',
      { type: 'kubernetes.io/service-account-token' },
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    [
      'a TLS pair without key',
      { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
      ['data[tls.key]: Required value'],
    ],
    [
      'basic-auth without either',
      { type: 'kubernetes.io/basic-auth' },
      ['data[username]: Required value', 'data[password]: Required value'],
    ],
    [
      'an empty SSH key',
      { type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } },
      ['data[ssh-privatekey]: Required value'],
    ],
    [
      'docker configuration without key',
      { type: 'kubernetes.io/dockerconfigjson' },
      ['data[.dockerconfigjson]: Required value'],
    ],
    [
      'broken docker configuration',
      { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': '' } },
      ['data[.dockercfg]: Invalid value: "<secret contents redacted>": unexpected end of JSON input'],
    ],
    [
      'a key that is no file name',
      { data: { 'a/b': '' } },
      [
        'data[a/b]: Invalid value: "a/b": a valid config key must consist of alphanumeric characters, ' +
          "'-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', " +
          "regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
  ]
  for (const [name, rest, errors] of refused) {
    test(`${name} is refused`, () => expect(texts(secrets.validate!(secret(rest)))).toEqual(errors))
  }

  test('one of user and password is enough', () => {
    expect(secrets.validate!(secret({ type: 'kubernetes.io/basic-auth', data: { password: '' } }))).toEqual(
      [],
    )
  })

  test('the type never changes, an immutable one nothing', () => {
    const previous = secret({ type: 'Opaque', data: { a: 'eA==' }, immutable: true })
    const changed = secret({ type: 'x', data: {}, immutable: true })
    expect(texts(secrets.validateUpdate!(changed, previous))).toEqual([
      'type: Invalid value: "x": field is immutable',
      'data: Forbidden: field is immutable when `immutable` is set',
    ])
  })

  test('the row shows type and number of keys', () => {
    const object = secret({ type: 'Opaque', data: { a: '' } })
    expect(secrets.columns!.map(column => column.cell(object, 0))).toEqual(['s', 'Opaque', 1, '<unknown>'])
  })

  test('a certificate that does not fit its key is warned of', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const other = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const warn = (certificate: string, key: string) => {
      const data = { 'tls.crt': toBase64(certificate), 'tls.key': toBase64(key) }
      return secrets.warnings!(secret({ type: 'kubernetes.io/tls', data }))
    }
    expect(warn(certificatePEM, other)).toEqual(['tls: private key does not match public key'])
    expect(warn('', other)).toEqual(['tls: failed to find any PEM data in certificate input'])
    expect(warn(certificatePEM, 'x')).toEqual(['tls: failed to find any PEM data in key input'])
    expect(secrets.warnings!(secret({ type: 'Opaque' }))).toEqual([])
  })
})
