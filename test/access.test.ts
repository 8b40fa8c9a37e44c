// Who asks, what is recorded and what is hidden, with a real kubectl and on a real disk: a cluster with
// everything that docs/access.md describes.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startIssuer } from '../src/apiserver/tokens/oidc/issuer.fake.ts'
import { futago, newHome, TestedCluster } from './futago.ts'
import { missingKubectl, root } from './kubectl.ts'
import { normalize, readTranscript } from './transcript.ts'

const home = newHome()
const keyOf = (name: string, letter: string) =>
  `aesgcm: {keys: [{name: ${name}, secret: ${Buffer.from(letter.repeat(32)).toString('base64')}}]}`
const encryption = join(home, 'encryption.yaml')
const auditLog = join(home, 'default/audit/audit.log')

function encryptWith(...providers: string[]): void {
  const lines = providers.map(provider => `  - ${provider}\n`).join('')
  writeFileSync(
    encryption,
    'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n' +
      `- resources: [secrets]\n  providers:\n${lines}`,
  )
}

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(path => join(folder, path))

const missing = missingKubectl('1.34')
describe.skipIf(missing)('A cluster with tokens, an audit log and encrypted Secrets', () => {
  let cluster: TestedCluster
  let issuer: Awaited<ReturnType<typeof startIssuer>>
  let flags: string[]
  beforeAll(async () => {
    issuer = await startIssuer('IPv6')
    const ca = join(home, 'issuer.pem')
    writeFileSync(ca, issuer.ca)
    encryptWith(keyOf('one', 'a'), 'identity: {}')
    flags = [
      ['--token-auth-file', 'docs/examples/tokens.csv'],
      ['--oidc-issuer-url', issuer.url, '--oidc-client-id', 'futago', '--oidc-ca-file', ca],
      ['--oidc-username-claim', 'email', '--oidc-groups-claim', 'groups', '--oidc-groups-prefix', 'oidc:'],
      ['--audit-policy-file', 'docs/examples/audit-policy.yaml', '--audit-log-path', auditLog],
      ['--encryption-provider-config', encryption],
    ].flat()
    cluster = await TestedCluster.up(flags, home)
  })
  afterAll(async () => {
    await cluster?.remove()
    issuer?.close()
    rmSync(home, { recursive: true, force: true })
  })

  test('prints what docs/access.md says', async () => {
    const steps = readTranscript(readFileSync(join(root, 'docs/access.md'), 'utf8'), '1.34')
    expect(steps.length).toBeGreaterThan(6)
    for (const { line, command, output } of steps) {
      const { stdout } = await cluster.shell(command)
      expect(normalize(stdout), `docs/access.md:${line} ${command}`).toBe(normalize(output))
    }
  })

  test('knows who shows a token of the issuer, and says what they may do', async () => {
    const exp = Math.floor(Date.now() / 1000) + 600
    const token = issuer.token({ aud: 'futago', exp, email: 'joe@example.com', groups: ['ops'] })
    await cluster.print(`kubectl config set-credentials joe --token=${token}`)
    const who = await cluster.print('kubectl --user=joe auth whoami -o jsonpath={.status.userInfo}')
    expect(JSON.parse(who)).toEqual({
      username: 'joe@example.com',
      groups: ['oidc:ops', 'system:authenticated'],
    })
    await cluster.print('kubectl create clusterrolebinding ops --clusterrole=view --group=oidc:ops')
    const list = await cluster.print('kubectl --user=joe auth can-i --list')
    expect(list).toMatch(/^pods +\[\] +\[\] +\[get list watch\]$/m)
    expect(list).not.toMatch(/^secrets /m)
  })

  test('records who did what', async () => {
    const { exitCode } = await cluster.shell('kubectl --user=jane create configmap hers')
    expect(exitCode).toBe(1)
    const events = () =>
      readFileSync(auditLog, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    await expect.poll(() => events().at(-1)?.user.username).toBe('jane')
    expect(events().at(-1)).toMatchObject({
      kind: 'Event',
      level: 'Metadata',
      stage: 'ResponseComplete',
      verb: 'create',
      user: { username: 'jane', groups: ['developers', 'oncall', 'system:authenticated'] },
      objectRef: { resource: 'configmaps', namespace: 'default' },
      responseStatus: { reason: 'Forbidden', code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    })
    const users = new Set(events().map(({ user }) => user.username))
    expect(users.has('system:admin')).toBe(false)
  })

  test('keeps no Secret in the clear, and nothing that others can read', async () => {
    await cluster.print('kubectl create secret generic pass --from-literal=password=correct-horse')
    const clear = ['correct-horse', Buffer.from('correct-horse').toString('base64')]
    const files = filesBelow(join(home, 'default')).filter(path => existsSync(path))
    const open = files.filter(path => {
      const stat = statSync(path)
      return (stat.mode & 0o777) !== (stat.isDirectory() ? 0o700 : 0o600)
    })
    expect(open).toEqual([])
    const readable = files.filter(path => statSync(path).isFile() && !path.endsWith('lock.mdb'))
    expect(readable.length).toBeGreaterThan(5)
    expect(readable.filter(path => clear.some(text => readFileSync(path, 'latin1').includes(text)))).toEqual(
      [],
    )
    expect(readFileSync(join(home, 'default/store/data.mdb'), 'latin1')).toContain('k8s:enc:aesgcm:v1:one:')
  })

  test('goes over to another key, and then needs the old one no more', async () => {
    await cluster.stop()
    encryptWith(keyOf('two', 'b'), keyOf('one', 'a'))
    cluster = await TestedCluster.up(flags, home)
    const replaced = await cluster.print('kubectl get secrets -A -o json | kubectl replace -f -')
    expect(replaced).toBe('secret/pass replaced\n')
    await cluster.stop()
    encryptWith(keyOf('one', 'a'))
    const { exitCode, stderr } = await futago(['up', '--secure-port', '0', ...flags], home)
    expect(exitCode).toBe(2)
    expect(stderr).toBe(
      'futago: Cannot read the store: unable to transform key "/registry/secrets/default/pass": no matching prefix found, ' +
        'expected --encryption-provider-config with the key that wrote it\n',
    )
    encryptWith(keyOf('two', 'b'))
    cluster = await TestedCluster.up(flags, home)
    const password = await cluster.print('kubectl get secret pass -o jsonpath={.data.password}')
    expect(Buffer.from(password, 'base64').toString()).toBe('correct-horse')
  })
})
