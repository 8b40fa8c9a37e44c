import { expect, test } from 'vitest'
import type { Secret } from '../../api/generated/types.ts'
import { credentialsFor } from './registrycredentials.ts'

const encode = (value: string) => Buffer.from(value).toString('base64')
const secretOf = (auths: object): Secret => ({
  metadata: { name: 's' },
  data: { '.dockerconfigjson': encode(JSON.stringify({ auths })) },
})
const servers = (image: string, auths: object) =>
  credentialsFor(image, [secretOf(auths)]).map(({ serverAddress }) => serverAddress)

test('User and password are given apart or together, tokens as they are', () => {
  const secret = secretOf({
    'a.example': { username: 'u', password: 'p' },
    'b.example': { auth: encode('u:p:q'), identitytoken: 't' },
  })
  expect(credentialsFor('a.example/x:1', [secret])).toEqual([
    { username: 'u', password: 'p', identityToken: '', registryToken: '', serverAddress: 'a.example' },
  ])
  expect(credentialsFor('b.example/x:1', [secret])).toEqual([
    { username: 'u', password: 'p:q', identityToken: 't', registryToken: '', serverAddress: 'b.example' },
  ])
})

test('The older form of Secret has the servers at the top', () => {
  const data = { '.dockercfg': encode(JSON.stringify({ 'a.example': { auth: encode('u:p') } })) }
  expect(credentialsFor('a.example/x:1', [{ metadata: { name: 's' }, data }])).toHaveLength(1)
})

test('Registries match by host, port, path and stars; the longest is tried first', () => {
  const auths = {
    'a.example': {},
    'https://a.example/v2/': {},
    'a.example/team': {},
    '*.example': {},
    '*.a.example': {},
    'a.example:5000': {},
  }
  expect(servers('a.example/team/x:1', auths)).toEqual([
    'https://a.example/v2/',
    'a.example/team',
    'a.example',
    '*.example',
  ])
  expect(servers('a.example:5000/x:1', auths)).toEqual(['a.example:5000'])
  expect(servers('b.a.example/x:1', auths)).toEqual(['*.a.example'])
})

test("Docker's registry has several names", () => {
  const auths = { 'https://index.docker.io/v1/': {}, 'docker.io': {}, 'quay.io': {} }
  expect(servers('docker.io/library/busybox:1', auths)).toEqual(['https://index.docker.io/v1/', 'docker.io'])
})

test('What is no configuration is no credential', () => {
  const broken = { metadata: { name: 's' }, data: { '.dockerconfigjson': encode('{') } }
  expect(credentialsFor('a.example/x:1', [broken, { metadata: { name: 't' } }])).toEqual([])
  expect(servers('a.example/x:1', { 'a.example': 'x' })).toEqual([])
})
