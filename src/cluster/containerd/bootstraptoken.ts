// The token that a node is invited with: a Secret as kubeadm makes them, which the server takes for one hour.
import { randomInt } from 'node:crypto'
import { formatTime } from '../../api/meta/timestamps.ts'
import { invitedNodeKey } from '../../api/resources/certificates.k8s.io/signername.ts'
import { secrets } from '../../api/resources/core/secret.ts'
import type { Client } from '../../client/client.ts'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'
const lifeMs = 3_600_000
/** Whom the roles futago:node-bootstrap are bound to. */
const group = 'system:bootstrappers:futago:node'

const randomText = (length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')

/** Resolves with the token, as `abcdef.0123456789abcdef`. */
export async function createBootstrapToken(
  client: Client,
  { node, nowMs }: { readonly node: string; readonly nowMs: number },
): Promise<string> {
  const [id, password] = [randomText(6), randomText(16)]
  await client.create(secrets, {
    metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': id,
      'token-secret': password,
      description: `Made by futago node invite ${node}`,
      [invitedNodeKey]: node,
      expiration: formatTime(nowMs + lifeMs),
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': group,
    },
  })
  return `${id}.${password}`
}
