// The flags of `futago up` about who may ask, what is recorded of it and what is encrypted, as kube-apiserver
// has them.
import { type Command, InvalidArgumentError } from 'commander'
import type { ClusterOptions } from '../cluster/config.ts'

/** As commander names what it has read. */
export interface AccessFlags {
  readonly oidcIssuerUrl?: string
  readonly oidcClientId?: string
  readonly oidcCaFile?: string
  readonly auditLogMaxsize?: number
  readonly auditLogMaxbackup?: number
  readonly auditLogMaxage?: number
}

const flag = (text: string) => {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new InvalidArgumentError('expected true or false')
}

const list = (text: string) => text.split(',')
const number = (text: string) => Number(/^\d+$/.test(text) ? text : Number.NaN)
const collect = (text: string, before: readonly string[] = []) => [...before, text]

export const addAccessFlags = (command: Command): Command =>
  command
    .option(
      '--anonymous-auth <true|false>',
      'whether requests may come without credentials; default: true',
      flag,
    )
    .option('--token-auth-file <file>', 'static tokens: lines of token,user,uid,"group,group"')
    .option('--oidc-issuer-url <url>', 'accept the ID tokens of this OpenID Connect issuer')
    .option('--oidc-client-id <id>', 'the audience of its tokens for this cluster')
    .option('--oidc-username-claim <claim>', 'the claim that names the user; default: sub')
    .option('--oidc-username-prefix <text>', 'put before the name; default: the issuer and #; -: nothing')
    .option('--oidc-groups-claim <claim>', "the claim that lists the user's groups")
    .option('--oidc-groups-prefix <text>', 'put before the name of each group')
    .option('--oidc-required-claim <claim=value>', 'what a token must have; may be repeated', collect)
    .option('--oidc-ca-file <file>', "certificates that vouch for the issuer's address")
    .option('--oidc-signing-algs <names>', 'how its tokens may be signed; default: RS256', list)
    .option('--authentication-config <file>', 'accept the tokens of issuers (AuthenticationConfiguration)')
    .option('--audit-policy-file <file>', 'which requests are recorded (audit.k8s.io/v1 Policy)')
    .option('--audit-log-path <file>', 'where: JSON lines in a file; -: standard output')
    .option('--audit-log-maxsize <megabytes>', 'begin a new file then; default: 100', number)
    .option('--audit-log-maxbackup <count>', 'keep so many old ones; default: 0, all', number)
    .option('--audit-log-maxage <days>', 'keep them so long; default: 0, for ever', number)
    .option('--encryption-provider-config <file>', 'encrypt Secrets in the store (EncryptionConfiguration)')

/** With the names of the settings. */
export function accessOptions(flags: AccessFlags): ClusterOptions {
  const { oidcIssuerUrl, oidcClientId, oidcCaFile } = flags
  const { auditLogMaxsize, auditLogMaxbackup, auditLogMaxage } = flags
  return {
    ...(auditLogMaxsize === undefined ? {} : { auditLogMaxSize: auditLogMaxsize }),
    ...(auditLogMaxbackup === undefined ? {} : { auditLogMaxBackup: auditLogMaxbackup }),
    ...(auditLogMaxage === undefined ? {} : { auditLogMaxAge: auditLogMaxage }),
    ...(oidcIssuerUrl ? { oidcIssuerURL: oidcIssuerUrl } : {}),
    ...(oidcClientId ? { oidcClientID: oidcClientId } : {}),
    ...(oidcCaFile ? { oidcCAFile: oidcCaFile } : {}),
  }
}
