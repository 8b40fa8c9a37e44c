// Where a kubelet gets the tokens of its Pods' ServiceAccounts: each is asked of the API server, bound to the
// Pod (KEP-1205).
import type { AuthenticationV1TokenRequest } from '../api/generated/types.ts'
import { serviceAccounts } from '../api/resources/core/serviceaccount.ts'
import type { Client } from '../client/client.ts'
import type { TokenProvider } from './references.ts'

export function clientTokens(client: Client): TokenProvider {
  return async ({ pod, audience, expirationSeconds }) => {
    const { name = '', namespace = '', uid = '' } = pod.metadata
    const account = { namespace, name: pod.spec?.serviceAccountName ?? 'default', subresource: 'token' }
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        ...(audience ? { audiences: [audience] } : {}),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    }
    const answer = await client.createSubresource(serviceAccounts, account, body)
    return (answer as unknown as AuthenticationV1TokenRequest).status?.token
  }
}
