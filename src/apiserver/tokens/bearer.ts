// What the rest of the server makes of ServiceAccount tokens: users of requests, answers to TokenReviews, and
// the documents by which others check them (OpenID Connect Discovery, KEP-1393).
import type { TokenReview } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Authenticator } from '../filters/authentication.ts'
import type { Answerer } from '../registry/virtual.ts'
import type { Reply, ServerRequest } from '../request.ts'
import type { ServiceAccountTokens } from './serviceaccounttokens.ts'

const bearer = /^bearer\s+(\S+)\s*$/i

/** Undefined for what is no good token: with nobody else to know it, that is 401. */
export function tokenAuthenticator(tokens: ServiceAccountTokens): Authenticator {
  return async ({ headers }) => {
    const token = bearer.exec(headers.authorization ?? '')?.[1]
    return token === undefined ? undefined : (await tokens.verify(token))?.user
  }
}

export function tokenReviewer(tokens: ServiceAccountTokens): Answerer {
  return async object => {
    const { spec } = object as unknown as TokenReview
    const asked = spec.audiences?.length ? spec.audiences : undefined
    const verified = await tokens.verify(spec.token ?? '', asked)
    if (!verified) {
      const status = { user: {}, error: 'invalid bearer token, token lookup failed' }
      return { ...object, status } as KubeObject
    }
    const { name, uid, groups, extra } = verified.user
    const user = { username: name, uid, groups: [...groups, 'system:authenticated'], extra }
    return { ...object, status: { authenticated: true, user, audiences: verified.audiences } } as KubeObject
  }
}

const jwksPath = '/openid/v1/jwks'
const configurationPath = '/.well-known/openid-configuration'

export const tokenDocumentPaths: readonly string[] = [configurationPath, jwksPath]

/** Undefined for every other path. */
export function tokenDocument(
  request: ServerRequest,
  tokens: ServiceAccountTokens,
  address: string,
): Reply | undefined {
  const { path } = request.info
  const headers = { 'cache-control': 'public, max-age=3600' }
  if (path === jwksPath) {
    const body = Buffer.from(JSON.stringify(tokens.jwks))
    return { status: 200, contentType: 'application/jwk-set+json', headers, body }
  }
  if (path !== configurationPath) return undefined
  const document = {
    issuer: tokens.issuer,
    jwks_uri: `https://${address}${jwksPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
  return {
    status: 200,
    contentType: 'application/json',
    headers,
    body: Buffer.from(JSON.stringify(document)),
  }
}
