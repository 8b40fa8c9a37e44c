// What the rest of the server makes of tokens: users of requests, answers to TokenReviews, and the documents
// by which others check those of ServiceAccounts (OpenID Connect Discovery, KEP-1393).
import type { IncomingHttpHeaders } from 'node:http'
import type { TokenReview } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest } from '../../api/status.ts'
import type { Logger } from '../../component/log.ts'
import { type Authenticator, unauthorized } from '../filters/authentication.ts'
import type { Answerer } from '../registry/virtual.ts'
import type { Reply, ServerRequest } from '../request.ts'
import type { ServiceAccountTokens } from './serviceaccounttokens.ts'
import { TokenError, type TokenVerifier, type Verified } from './tokenverifier.ts'

/** Anything else in the header says nothing about who asks. */
const bearer = /^bearer (\S+)(?:\s|$)/i

/** How browsers say it, which can set no header of a WebSocket but the subprotocols: in base64url. */
const webSocketBearer = 'base64url.bearer.authorization.k8s.io.'

/** Takes the token out of the subprotocols, so that it goes to nobody that the request is passed on to. */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const token = bearer.exec(headers.authorization ?? '')?.[1]
  if (token !== undefined || headers.upgrade?.toLowerCase() !== 'websocket') return token
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map(text => text.trim())
  const encoded = protocols.find(protocol => protocol.startsWith(webSocketBearer))
  if (!encoded) return undefined
  const others = protocols.filter(protocol => !protocol.startsWith(webSocketBearer))
  headers['sec-websocket-protocol'] = others.join(', ')
  return Buffer.from(encoded.slice(webSocketBearer.length), 'base64url').toString()
}

/** Comes last: a token that nobody knows is refused. */
export function tokenAuthenticator(tokens: TokenVerifier, log: Logger): Authenticator {
  return async ({ headers }) => {
    const token = tokenOf(headers)
    if (!token) return undefined
    try {
      const verified = await tokens.verify(token)
      if (verified) return verified.user
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      log.info('a token is not accepted', { error: error.message })
    }
    throw unauthorized()
  }
}

const unknownToken = 'invalid bearer token'

async function review(tokens: TokenVerifier, token: string, audiences: readonly string[] | undefined) {
  try {
    return (await tokens.verify(token, audiences)) ?? unknownToken
  } catch (error) {
    if (error instanceof TokenError) return `[${unknownToken}, ${error.message}]`
    throw error
  }
}

function statusOf({ user, audiences }: Verified) {
  const { name, uid, groups, extra } = user
  const all = [...groups, 'system:authenticated']
  return { authenticated: true, user: { username: name, uid, groups: all, extra }, audiences }
}

export function tokenReviewer(tokens: TokenVerifier): Answerer {
  return async object => {
    const { token = '', audiences } = (object as unknown as TokenReview).spec
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    const found = await review(tokens, token, audiences?.length ? audiences : undefined)
    const status = typeof found === 'string' ? { user: {}, error: found } : statusOf(found)
    return { ...object, status } as KubeObject
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
