// Bootstrap tokens: `abcdef.0123456789abcdef`, kept as Secrets of kube-system, with which a node that has no
// certificate yet asks for one (upstream's plugin/pkg/auth/authenticator/token/bootstrap).
import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../api/generated/types.ts'
import { parseTime } from '../../api/meta/timestamps.ts'
import { isNotFound } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import type { RegistryLookup, RequestContext } from '../registry/registry.ts'
import { type TokenAuthenticator, TokenError } from './tokenverifier.ts'

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
const secretType = 'bootstrap.kubernetes.io/token'
const everyToken = 'system:bootstrappers'

const context: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  warn: () => undefined,
}

const textOf = ({ data = {} }: Secret, key: string): string =>
  Buffer.from(data[key] ?? '', 'base64').toString()

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const groupsOf = (secret: Secret): string[] =>
  textOf(secret, 'auth-extra-groups')
    .split(',')
    .filter(group => group !== '')

/** Why the token that the Secret holds is not accepted. */
function problemOf(secret: Secret, { id, password }: { id: string; password: string }, nowMs: number) {
  if (secret.metadata.deletionTimestamp) return 'is about to go'
  if (secret.type !== secretType) return `is not of the type ${secretType}`
  if (!isSame(textOf(secret, 'token-secret'), password)) return 'has another token-secret'
  if (textOf(secret, 'token-id') !== id) return 'has another token-id'
  const expiration = textOf(secret, 'expiration')
  if (expiration !== '' && (parseTime(expiration) ?? 0) <= nowMs) return 'has expired'
  if (textOf(secret, 'usage-bootstrap-authentication') !== 'true') {
    return 'does not say usage-bootstrap-authentication: true'
  }
  const odd = groupsOf(secret).find(group => !groupForm.test(group))
  return odd === undefined ? undefined : `names the group ${odd}, expected system:bootstrappers:...`
}

export function bootstrapTokens(lookup: RegistryLookup, clock: Clock): TokenAuthenticator {
  return async token => {
    const [, id, password] = form.exec(token) ?? []
    if (id === undefined || password === undefined) return undefined
    const name = `bootstrap-token-${id}`
    let secret: Secret
    try {
      secret = (await lookup('', 'v1', 'secrets')!.get(context, 'kube-system', name)).object as Secret
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
    const problem = problemOf(secret, { id, password }, clock.now())
    if (problem !== undefined) throw new TokenError(`the Secret kube-system/${name} ${problem}`)
    return { name: `system:bootstrap:${id}`, groups: [everyToken, ...groupsOf(secret)] }
  }
}
