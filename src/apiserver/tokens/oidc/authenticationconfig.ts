// Issuers of tokens as an AuthenticationConfiguration names them (KEP-3331, apiserver.config.k8s.io/v1):
// several, each with its own audiences and claims. What needs CEL (expressions) is refused by name.

import {
  type Check,
  hasFields,
  isAnything,
  isFlag,
  isListOf,
  isOneOf,
  isText,
  refuse,
} from '../../documentchecks.ts'
import type { AnonymousAccess } from '../../filters/anonymous.ts'
import { signingAlgorithms } from '../jwt.ts'
import type { OIDCOptions } from './oidctokens.ts'

interface Mapping {
  readonly claim: string
  readonly prefix?: string
}

interface JWTAuthenticator {
  readonly issuer: {
    readonly url: string
    readonly discoveryURL?: string
    readonly certificateAuthority?: string
    readonly audiences: readonly string[]
  }
  readonly claimValidationRules?: readonly { readonly claim: string; readonly requiredValue?: string }[]
  readonly claimMappings: {
    readonly username: Mapping
    readonly groups?: Mapping
    readonly uid?: Mapping
  }
}

const notHere: Check = (_, path) => refuse(path, 'is not supported here: there are no expressions')

const isHTTPS: Check = (value, path) => {
  isText(value, path)
  if (!URL.canParse(value as string) || new URL(value as string).protocol !== 'https:') {
    refuse(path, `${JSON.stringify(value)} is no URL, expected https://HOST`)
  }
}

const audiences: Check = (value, path) => {
  isListOf(isText)(value, path)
  if ((value as unknown[]).length === 0) refuse(path, 'at least one audience is required')
}

const issuer = hasFields({
  required: { url: isHTTPS, audiences },
  optional: {
    discoveryURL: isHTTPS,
    certificateAuthority: isText,
    audienceMatchPolicy: isOneOf(['', 'MatchAny']),
    egressSelectorType: notHere,
  },
})

/** Whether anything is to stand before the name has to be said. */
const mapping = hasFields({ required: { claim: isText, prefix: isText }, optional: { expression: notHere } })

const jwt = hasFields({
  required: {
    issuer,
    claimMappings: hasFields({
      required: { username: mapping },
      optional: {
        groups: mapping,
        uid: hasFields({ required: { claim: isText }, optional: { expression: notHere } }),
        extra: notHere,
      },
    }),
  },
  optional: {
    claimValidationRules: isListOf(
      hasFields({
        required: { claim: isText },
        optional: { requiredValue: isText, expression: notHere, message: isText },
      }),
    ),
    userValidationRules: notHere,
  },
})

const configuration = hasFields({
  required: {
    apiVersion: isOneOf(['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1']),
    kind: isOneOf(['AuthenticationConfiguration']),
  },
  optional: {
    metadata: isAnything,
    jwt: isListOf(jwt),
    anonymous: hasFields({
      required: { enabled: isFlag },
      optional: { conditions: isListOf(hasFields({ required: { path: isText } })) },
    }),
  },
})

function optionsOf({ issuer, claimMappings, claimValidationRules }: JWTAuthenticator): OIDCOptions {
  const { username, groups, uid } = claimMappings
  const { url, discoveryURL, certificateAuthority: ca } = issuer
  const rules = claimValidationRules ?? []
  return {
    issuerURL: url,
    ...(discoveryURL ? { discoveryURL } : {}),
    ...(ca ? { ca } : {}),
    audiences: issuer.audiences,
    usernameClaim: username.claim,
    usernamePrefix: username.prefix ?? '',
    ...(groups ? { groupsClaim: groups.claim, groupsPrefix: groups.prefix ?? '' } : {}),
    ...(uid ? { uidClaim: uid.claim } : {}),
    requiredClaims: Object.fromEntries(rules.map(({ claim, requiredValue = '' }) => [claim, requiredValue])),
    signingAlgs: signingAlgorithms,
  }
}

interface Anonymous {
  readonly enabled: boolean
  readonly conditions?: readonly { readonly path: string }[] | null
}

function anonymousOf({ enabled, conditions }: Anonymous): AnonymousAccess {
  if (!conditions?.length) return { enabled }
  if (!enabled) refuse('anonymous.conditions', 'enabled should be set to true when conditions are defined')
  return { enabled, paths: conditions.map(({ path }) => path) }
}

/** What an AuthenticationConfiguration says. */
export interface Authentication {
  readonly issuers: readonly OIDCOptions[]
  readonly anonymous?: AnonymousAccess
}

/** `document` is the configuration as it was parsed from YAML. Throws an Error that names the field. */
export function compileAuthentication(document: unknown): Authentication {
  configuration(document, '')
  const { jwt, anonymous } = document as {
    readonly jwt?: readonly JWTAuthenticator[] | null
    readonly anonymous?: Anonymous | null
  }
  const issuers = jwt ?? []
  const urls = issuers.map(({ issuer }) => issuer.url)
  const twice = urls.findIndex((url, index) => urls.indexOf(url) !== index)
  if (twice >= 0) refuse(`jwt[${twice}].issuer.url`, `${JSON.stringify(urls[twice])} occurs twice`)
  return { issuers: issuers.map(optionsOf), ...(anonymous ? { anonymous: anonymousOf(anonymous) } : {}) }
}
