// An OpenID Connect issuer for tests: a real HTTPS server with a configuration and keys, and ID tokens.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { startTLSServer } from '../../../client/tlsserver.fake.ts'
import { type IPFamily, loopbackAddress } from '../../../ip/family.ts'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const idOf = ({ publicKey }: Pair) =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 8)

/** RSA keys take long to make: there are three, and whoever needs new ones takes the next. */
const rsaPairs: Pair[] = []
let next = 0

function newPair(alg: string): Pair {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const index = next++ % 3
  rsaPairs[index] ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
  return rsaPairs[index]
}

export async function startIssuer(family: IPFamily = 'IPv4') {
  const pairs = new Map(['RS256', 'ES256'].map(alg => [alg, newPair(alg)]))
  const state = { isUp: true, issuer: '' }
  const server = await startTLSServer({
    host: loopbackAddress[family],
    answer(request, response) {
      const documents: Record<string, () => object> = {
        '/.well-known/openid-configuration': () => ({ issuer: state.issuer, jwks_uri: `${server.url}/keys` }),
        '/keys': () => ({
          keys: [
            ...[...pairs].map(([alg, pair]) => ({
              ...pair.publicKey.export({ format: 'jwk' }),
              kid: idOf(pair),
              use: 'sig',
              alg,
            })),
            { kty: 'XYZ', kid: 'of a kind that nobody knows' },
          ],
        }),
      }
      const document = state.isUp ? documents[request.url ?? '']?.() : undefined
      response.writeHead(document ? 200 : 503, { 'content-type': 'application/json' })
      response.end(JSON.stringify(document ?? { error: 'down' }))
    },
  })
  state.issuer = server.url

  return {
    url: server.url,
    ca: server.ca,
    state,
    /** The paths that were asked for. */
    asked: () => server.seen.map(({ url }) => url),
    /** Other keys from now on. */
    rotate() {
      for (const alg of pairs.keys()) pairs.set(alg, newPair(alg))
    },
    token(claims: object, alg = 'RS256', header: object = {}): string {
      const pair = pairs.get(alg)!
      const text = `${encode({ alg, kid: idOf(pair), ...header })}.${encode({ iss: server.url, ...claims })}`
      const how =
        alg === 'RS256'
          ? { key: pair.privateKey }
          : { key: pair.privateKey, dsaEncoding: 'ieee-p1363' as const }
      return `${text}.${sign('sha256', Buffer.from(text), how).toString('base64url')}`
    },
    close: () => server.close(),
  }
}
