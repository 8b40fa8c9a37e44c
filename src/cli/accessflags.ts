// The flags of `futago up` about who may ask, as kube-apiserver has them.
import type { Command } from 'commander'
import type { ClusterOptions } from '../cluster/config.ts'

/** As commander names what it has read. */
export interface AccessFlags {
  readonly oidcIssuerUrl?: string
  readonly oidcClientId?: string
  readonly oidcCaFile?: string
}

const list = (text: string) => text.split(',')
const collect = (text: string, before: readonly string[] = []) => [...before, text]

export const addAccessFlags = (command: Command): Command =>
  command
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

/** With the names of the settings. */
export function accessOptions({ oidcIssuerUrl, oidcClientId, oidcCaFile }: AccessFlags): ClusterOptions {
  return {
    ...(oidcIssuerUrl ? { oidcIssuerURL: oidcIssuerUrl } : {}),
    ...(oidcClientId ? { oidcClientID: oidcClientId } : {}),
    ...(oidcCaFile ? { oidcCAFile: oidcCaFile } : {}),
  }
}
