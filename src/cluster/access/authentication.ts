// From the settings to those who know who asks; reads the files that the settings name.
import { readFileSync } from 'node:fs'
import type { AnonymousAccess } from '../../apiserver/filters/anonymous.ts'
import {
  type Authentication,
  compileAuthentication,
} from '../../apiserver/tokens/oidc/authenticationconfig.ts'
import { type OIDCServices, oidcTokens } from '../../apiserver/tokens/oidc/oidctokens.ts'
import { parseStaticTokens } from '../../apiserver/tokens/statictokens.ts'
import type { TokenAuthenticator } from '../../apiserver/tokens/tokenverifier.ts'
import { ConfigError } from '../configerror.ts'
import type { AccessConfig, OIDCConfig } from './settings.ts'

/** What `parse` makes of a file that a flag names. Throws ConfigError. */
export function readSetting<T>(flag: string, path: string, parse: (text: string) => T): T {
  try {
    return parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(`Cannot use ${flag} ${path}: ${(error as Error).message}`)
  }
}

function staticTokens(path: string, { log }: OIDCServices): TokenAuthenticator {
  const { authenticate, warnings } = readSetting('--token-auth-file', path, parseStaticTokens)
  for (const warning of warnings) log.warn('the token file is odd', { path, warning })
  return authenticate
}

function checkPEM(text: string): string {
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new Error('it holds no certificate, expected PEM')
}

function oidc({ caFile, ...options }: OIDCConfig, services: OIDCServices): TokenAuthenticator {
  const ca = caFile === undefined ? {} : { ca: readSetting('--oidc-ca-file', caFile, checkPEM) }
  return oidcTokens({ ...options, ...ca }, services)
}

async function configured(path: string): Promise<Authentication> {
  const { load } = await import('js-yaml')
  return readSetting('--authentication-config', path, text => compileAuthentication(load(text)))
}

/** What an API server wants to know of who asks. */
interface OpenedAuthentication {
  readonly tokenAuthenticators: readonly TokenAuthenticator[]
  readonly anonymous: AnonymousAccess
}

/** Rejects with ConfigError. */
export async function openAuthentication(
  config: AccessConfig,
  services: OIDCServices,
): Promise<OpenedAuthentication> {
  const { tokenAuthFile, authenticationConfig: file, anonymousAuth } = config
  const { issuers, anonymous } = file === undefined ? { issuers: [] } : await configured(file)
  if (anonymous && anonymousAuth !== undefined) {
    throw new ConfigError(
      `Cannot use --anonymous-auth ${anonymousAuth}: ${file} has \`anonymous\`, expected one of them`,
    )
  }
  return {
    tokenAuthenticators: [
      ...(tokenAuthFile === undefined ? [] : [staticTokens(tokenAuthFile, services)]),
      ...(config.oidc ? [oidc(config.oidc, services)] : []),
      ...issuers.map(issuer => oidcTokens(issuer, services)),
    ],
    anonymous: anonymous ?? { enabled: anonymousAuth ?? true },
  }
}
