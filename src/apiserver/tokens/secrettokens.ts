// Tokens kept in Secrets of the type kubernetes.io/service-account-token: without an end, good for as long
// as the Secret holds them (upstream's pkg/serviceaccount/legacy.go). People make such Secrets by hand where
// a client cannot ask for new tokens.
import type { Secret } from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Claims } from './jwt.ts'
import { SigningKey } from './signingkey.ts'

const issuer = 'kubernetes/serviceaccount'
const claim = (name: string) => `kubernetes.io/serviceaccount/${name}`

export interface SecretTokenContents {
  readonly namespace: string
  readonly secretName: string
  readonly account: { readonly name: string; readonly uid: string }
}

/** Makes tokens with the server's key, an ECDSA P-256 key in PEM. */
export function secretTokenIssuer(key: string): (contents: SecretTokenContents) => string {
  const signingKey = new SigningKey(key)
  return ({ namespace, secretName, account }) =>
    signingKey.sign({
      iss: issuer,
      [claim('namespace')]: namespace,
      [claim('secret.name')]: secretName,
      [claim('service-account.name')]: account.name,
      [claim('service-account.uid')]: account.uid,
      sub: `system:serviceaccount:${namespace}:${account.name}`,
    })
}

/** What the claims of such a token say; undefined for every other token. */
export function secretTokenContents(claims: Claims): SecretTokenContents | undefined {
  if (claims.iss !== issuer) return undefined
  const text = (name: string) => String(claims[claim(name)] ?? '')
  return {
    namespace: text('namespace'),
    secretName: text('secret.name'),
    account: { name: text('service-account.name'), uid: text('service-account.uid') },
  }
}

/** Whether the Secret still holds the token: it may have been made anew under the same name. */
export const holdsToken = (secret: KubeObject, token: string): boolean =>
  Buffer.from((secret as Secret).data?.token ?? '', 'base64').toString() === token
