import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { openAudit } from './audit.ts'
import { openAuthentication } from './authentication.ts'
import { openEncryption } from './encryption.ts'
import { type AccessOptions, loadAccess } from './settings.ts'

const issuer = { oidcIssuerURL: 'https://issuer.example', oidcClientID: 'futago' }

test("Settings about an issuer get upstream's defaults", () => {
  expect(loadAccess({ ...issuer, oidcUsernamePrefix: '-' }).oidc?.usernamePrefix).toBe('')
  expect(loadAccess({})).toEqual({
    anonymousAuth: undefined,
    authenticationConfig: undefined,
    tokenAuthFile: undefined,
    oidc: undefined,
    audit: undefined,
    encryptionProviderConfig: undefined,
  })
  expect(loadAccess(issuer).oidc).toEqual({
    issuerURL: 'https://issuer.example',
    audiences: ['futago'],
    usernameClaim: 'sub',
    requiredClaims: {},
    signingAlgs: ['RS256'],
    caFile: undefined,
  })
  expect(loadAccess({ ...issuer, oidcRequiredClaim: ['hd=a=b', 'x='] }).oidc?.requiredClaims).toEqual({
    hd: 'a=b',
    x: '',
  })
})

test.each<[AccessOptions, string]>([
  [{ oidcClientID: 'a' }, 'Cannot use flags that begin with --oidc-: expected --oidc-issuer-url with them'],
  [
    { oidcIssuerURL: 'https://a.example' },
    'Cannot use --oidc-issuer-url https://a.example: expected --oidc-client-id with it',
  ],
  [
    { ...issuer, oidcIssuerURL: 'http://a.example' },
    'Cannot use --oidc-issuer-url http://a.example: expected https://HOST, as its tokens spell it',
  ],
  [{ ...issuer, oidcIssuerURL: 'https://a.example?b' }, 'Cannot use --oidc-issuer-url https://a.example?b'],
  [{ ...issuer, oidcRequiredClaim: ['=a'] }, 'Cannot use --oidc-required-claim =a: expected CLAIM=VALUE'],
  [
    { ...issuer, oidcSigningAlgs: ['HS256'] },
    'Cannot use --oidc-signing-algs HS256: expected some of RS256,RS384',
  ],
  [
    { ...issuer, authenticationConfig: 'a' },
    'Cannot use --authentication-config and --oidc-issuer-url together',
  ],
  [{ auditPolicyFile: 'a' }, 'Cannot use --audit-policy-file a: expected --audit-log-path with it'],
  [{ auditLogPath: 'a' }, 'Cannot use --audit-log-path a: expected --audit-policy-file with it'],
  [
    { auditPolicyFile: 'a', auditLogPath: 'b', auditLogMaxAge: -1 },
    'Cannot use --audit-log-maxage -1: expected a whole number',
  ],
])('The settings %j are refused', (options, message) => {
  expect(() => loadAccess(options)).toThrow(message)
})

const services = { clock: new FakeClock(), log: silentLogger }
const openAll = (options: AccessOptions) => openAuthentication(loadAccess(options), services)
const open = async (options: AccessOptions) => (await openAll(options)).tokenAuthenticators

test('A file of tokens is read', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'futago-access-')), 'tokens.csv')
  writeFileSync(file, 'abc,jane,7\n')
  const [authenticate] = await open({ tokenAuthFile: file })
  expect(await authenticate!('abc')).toEqual({ name: 'jane', uid: '7', groups: [] })
  expect(await open(issuer)).toHaveLength(1)
  writeFileSync(file, 'abc\n')
  await expect(open({ tokenAuthFile: file })).rejects.toThrow(
    `Cannot use --token-auth-file ${file}: record 1 has 1 columns, expected at least 3 (token, user name, user uid)`,
  )
  await expect(open({ ...issuer, oidcCAFile: file })).rejects.toThrow(
    `Cannot use --oidc-ca-file ${file}: it holds no certificate, expected PEM`,
  )
  await expect(open({ tokenAuthFile: '/nowhere' })).rejects.toThrow(
    'Cannot use --token-auth-file /nowhere: ENOENT',
  )
  writeFileSync(
    file,
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: https://issuer.example, audiences: [futago]}
  claimMappings: {username: {claim: sub, prefix: ''}}
`,
  )
  expect(await open({ authenticationConfig: file })).toHaveLength(1)
  expect((await openAll({ authenticationConfig: file })).anonymous).toEqual({ enabled: true })
  expect((await openAll({ authenticationConfig: file, anonymousAuth: false })).anonymous).toEqual({
    enabled: false,
  })
  writeFileSync(
    file,
    `${readFileSync(file, 'utf8')}anonymous: {enabled: true, conditions: [{path: /livez}]}\n`,
  )
  expect((await openAll({ authenticationConfig: file })).anonymous).toEqual({
    enabled: true,
    paths: ['/livez'],
  })
  await expect(openAll({ authenticationConfig: file, anonymousAuth: false })).rejects.toThrow(
    `Cannot use --anonymous-auth false: ${file} has \`anonymous\`, expected one of them`,
  )
})

test('An audit log is opened as the settings say', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'futago-access-'))
  const auditPolicyFile = join(directory, 'policy.yaml')
  const auditLogPath = join(directory, 'audit.log')
  const { audit } = loadAccess({ auditPolicyFile, auditLogPath, auditLogMaxSize: 1, auditLogMaxAge: 2 })
  expect(audit).toEqual({
    policyFile: auditPolicyFile,
    logPath: auditLogPath,
    maxBytes: 1_048_576,
    maxBackups: 0,
    maxAgeMs: 172_800_000,
  })
  writeFileSync(auditPolicyFile, 'kind: Policy\n')
  await expect(openAudit(audit, services)).rejects.toThrow(
    `Cannot use --audit-policy-file ${auditPolicyFile}: apiVersion: it is missing`,
  )
  writeFileSync(auditPolicyFile, readFileSync('docs/examples/audit-policy.yaml'))
  const opened = await openAudit(audit, services)
  opened?.sink.write('a\n')
  await opened?.sink.close?.()
  expect(readFileSync(auditLogPath, 'utf8')).toBe('a\n')
  await expect(openAudit({ ...audit!, logPath: directory }, services)).rejects.toThrow(
    `Cannot use --audit-log-path ${directory}: EISDIR`,
  )
  expect(await openAudit(undefined, services)).toBeUndefined()
})

test('The store is encrypted as the settings say', async () => {
  const kept = openMemoryStore()
  const file = join(mkdtempSync(join(tmpdir(), 'futago-access-')), 'encryption.yaml')
  const config = loadAccess({ encryptionProviderConfig: file })
  expect(await openEncryption(loadAccess({}), kept)).toBe(kept)
  writeFileSync(file, 'kind: EncryptionConfiguration\n')
  await expect(openEncryption(config, kept)).rejects.toThrow(
    `Cannot use --encryption-provider-config ${file}: apiVersion: it is missing`,
  )
  const keys = `keys: [{name: a, secret: ${Buffer.alloc(32).toString('base64')}}]`
  const resources = `[{resources: [secrets], providers: [{aesgcm: {${keys}}}]}]`
  writeFileSync(
    file,
    `{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: ${resources}}`,
  )
  const store = await openEncryption(config, kept)
  const key = '/registry/secrets/default/a'
  await store.write([{ type: 'create', key, value: Buffer.from('plain') }])
  expect(String((await kept.get(key))?.value)).toMatch(/^k8s:enc:aesgcm:v1:a:/)
  expect(String((await store.get(key))?.value)).toBe('plain')
  const message =
    'Cannot read the store: unable to transform key "/registry/secrets/default/a": no matching prefix found, ' +
    'expected --encryption-provider-config with the key that wrote it'
  await expect(openEncryption(loadAccess({}), kept)).rejects.toThrow(message)
  writeFileSync(file, readFileSync(file, 'utf8').replace('name: a', 'name: b'))
  await expect(openEncryption(config, kept)).rejects.toThrow(message)
})
