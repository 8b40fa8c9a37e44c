import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addClusterOptions, type UpFlags, withFile } from './clusteroptions.ts'

test('The flags about access become settings', async () => {
  const flags = [
    ['--token-auth-file', 'tokens.csv'],
    ['--oidc-issuer-url', 'https://issuer.example'],
    ['--oidc-client-id', 'futago'],
    ['--oidc-ca-file', 'ca.pem'],
    ['--audit-log-maxsize', '7'],
    ['--encryption-provider-config', 'keys.yaml'],
    ['--oidc-username-prefix', '-'],
    ['--oidc-required-claim', 'hd=a'],
    ['--oidc-required-claim', 'team=b,c'],
    ['--oidc-signing-algs', 'RS256,ES256'],
  ].flat()
  const command = addClusterOptions(new Command()).parse(flags, { from: 'user' })
  expect(await withFile(command.opts<UpFlags>())).toMatchObject({
    tokenAuthFile: 'tokens.csv',
    oidcIssuerURL: 'https://issuer.example',
    oidcClientID: 'futago',
    oidcCAFile: 'ca.pem',
    auditLogMaxSize: 7,
    encryptionProviderConfig: 'keys.yaml',
    oidcUsernamePrefix: '-',
    oidcRequiredClaim: ['hd=a', 'team=b,c'],
    oidcSigningAlgs: ['RS256', 'ES256'],
  })
})
