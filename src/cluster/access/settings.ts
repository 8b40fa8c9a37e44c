// Settings about who may ask, what is recorded and what is encrypted: their names, which are upstream's kube-
// apiserver flags, and their check.
import { signingAlgorithms } from '../../apiserver/tokens/jwt.ts'
import type { OIDCOptions } from '../../apiserver/tokens/oidc/oidctokens.ts'
import { ConfigError } from '../configerror.ts'

export interface AccessOptions {
  /** Whether requests may come without credentials; what they may do is up to roles. Default true. */
  readonly anonymousAuth?: boolean
  /** A file of static tokens: lines of `token,user,uid,"group,group"`. */
  readonly tokenAuthFile?: string
  /** `https://issuer.example`: whose ID tokens are accepted. */
  readonly oidcIssuerURL?: string
  /** The audience of ID tokens for this cluster. */
  readonly oidcClientID?: string
  /** The claim that names the user. Default `sub`. */
  readonly oidcUsernameClaim?: string
  /** Before the name. Default: the issuer and `#`, none for the claim `email`; `-`: none. */
  readonly oidcUsernamePrefix?: string
  /** The claim that lists the user's groups. */
  readonly oidcGroupsClaim?: string
  readonly oidcGroupsPrefix?: string
  /** `claim=value`, each of which a token must have. */
  readonly oidcRequiredClaim?: readonly string[]
  /** PEM: who vouches for the issuer's address. Default: the authorities that Node knows. */
  readonly oidcCAFile?: string
  /** Default RS256. */
  readonly oidcSigningAlgs?: readonly string[]
  /** A file with the rules of what is recorded (audit.k8s.io/v1 Policy). */
  readonly auditPolicyFile?: string
  /** Where it is recorded: a file, or `-` for standard output. */
  readonly auditLogPath?: string
  /** In megabytes: a longer file makes way for a new one. Default 100. */
  readonly auditLogMaxSize?: number
  /** How many old files are kept. Default 0: all. */
  readonly auditLogMaxBackup?: number
  /** How many days they are kept. Default 0: for ever. */
  readonly auditLogMaxAge?: number
  /** A file with several issuers and how their claims are read (AuthenticationConfiguration). */
  readonly authenticationConfig?: string
  /** A file that says what is encrypted in the store, and how (EncryptionConfiguration). */
  readonly encryptionProviderConfig?: string
}

export interface OIDCConfig extends Omit<OIDCOptions, 'ca'> {
  readonly caFile: string | undefined
}

export interface AuditConfig {
  readonly policyFile: string
  readonly logPath: string
  readonly maxBytes: number
  readonly maxBackups: number
  readonly maxAgeMs: number
}

export interface AccessConfig {
  /** Undefined: as the AuthenticationConfiguration says, or else yes. */
  readonly anonymousAuth: boolean | undefined
  readonly tokenAuthFile: string | undefined
  readonly oidc: OIDCConfig | undefined
  readonly authenticationConfig: string | undefined
  readonly audit: AuditConfig | undefined
  readonly encryptionProviderConfig: string | undefined
}

/** How each is written in a configuration file. */
export const accessSettings: Readonly<Record<keyof AccessOptions, 'text' | 'list' | 'number' | 'boolean'>> = {
  anonymousAuth: 'boolean',
  tokenAuthFile: 'text',
  oidcIssuerURL: 'text',
  oidcClientID: 'text',
  oidcUsernameClaim: 'text',
  oidcUsernamePrefix: 'text',
  oidcGroupsClaim: 'text',
  oidcGroupsPrefix: 'text',
  oidcRequiredClaim: 'list',
  oidcCAFile: 'text',
  oidcSigningAlgs: 'list',
  authenticationConfig: 'text',
  auditPolicyFile: 'text',
  auditLogPath: 'text',
  auditLogMaxSize: 'number',
  auditLogMaxBackup: 'number',
  auditLogMaxAge: 'number',
  encryptionProviderConfig: 'text',
}

function requiredClaims(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map(pair => {
      const equals = pair.indexOf('=')
      if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)] as const
      throw new ConfigError(`Cannot use --oidc-required-claim ${pair}: expected CLAIM=VALUE`)
    }),
  )
}

function checkIssuer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && url.search === '' && url.hash === '') return text
  throw new ConfigError(`Cannot use --oidc-issuer-url ${text}: expected https://HOST, as its tokens spell it`)
}

function checkAlgorithms(names: readonly string[]): readonly string[] {
  const unknown = names.find(name => !signingAlgorithms.includes(name))
  if (unknown === undefined) return names
  throw new ConfigError(
    `Cannot use --oidc-signing-algs ${unknown}: expected some of ${signingAlgorithms.join(',')}`,
  )
}

function loadOIDC(options: AccessOptions): OIDCConfig | undefined {
  const { oidcIssuerURL, oidcClientID, oidcSigningAlgs, oidcUsernamePrefix: prefix } = options
  if (oidcIssuerURL === undefined) {
    if (!Object.keys(options).some(name => name.startsWith('oidc'))) return undefined
    throw new ConfigError('Cannot use flags that begin with --oidc-: expected --oidc-issuer-url with them')
  }
  if (options.authenticationConfig !== undefined) {
    throw new ConfigError(
      'Cannot use --authentication-config and --oidc-issuer-url together: expected one of them',
    )
  }
  if (!oidcClientID) {
    throw new ConfigError(`Cannot use --oidc-issuer-url ${oidcIssuerURL}: expected --oidc-client-id with it`)
  }
  return {
    issuerURL: checkIssuer(oidcIssuerURL),
    audiences: [oidcClientID],
    usernameClaim: options.oidcUsernameClaim ?? 'sub',
    ...(prefix ? { usernamePrefix: prefix === '-' ? '' : prefix } : {}),
    ...(options.oidcGroupsClaim ? { groupsClaim: options.oidcGroupsClaim } : {}),
    ...(options.oidcGroupsPrefix ? { groupsPrefix: options.oidcGroupsPrefix } : {}),
    requiredClaims: requiredClaims(options.oidcRequiredClaim ?? []),
    signingAlgs: checkAlgorithms(oidcSigningAlgs ?? ['RS256']),
    caFile: options.oidcCAFile,
  }
}

function count(flag: string, value: number | undefined, usual: number): number {
  if (value === undefined) return usual
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new ConfigError(`Cannot use ${flag} ${value}: expected a whole number`)
}

function loadAudit(options: AccessOptions): AuditConfig | undefined {
  const { auditPolicyFile: policyFile, auditLogPath: logPath } = options
  if (policyFile === undefined && logPath === undefined) return undefined
  if (policyFile === undefined) {
    throw new ConfigError(`Cannot use --audit-log-path ${logPath}: expected --audit-policy-file with it`)
  }
  if (logPath === undefined) {
    throw new ConfigError(`Cannot use --audit-policy-file ${policyFile}: expected --audit-log-path with it`)
  }
  return {
    policyFile,
    logPath,
    maxBytes: (count('--audit-log-maxsize', options.auditLogMaxSize, 0) || 100) * 1024 * 1024,
    maxBackups: count('--audit-log-maxbackup', options.auditLogMaxBackup, 0),
    maxAgeMs: count('--audit-log-maxage', options.auditLogMaxAge, 0) * 86_400_000,
  }
}

/** Throws ConfigError. Files are not looked at yet. */
export const loadAccess = (options: AccessOptions): AccessConfig => ({
  anonymousAuth: options.anonymousAuth,
  tokenAuthFile: options.tokenAuthFile,
  oidc: loadOIDC(options),
  authenticationConfig: options.authenticationConfig,
  audit: loadAudit(options),
  encryptionProviderConfig: options.encryptionProviderConfig,
})
