import { expect, test } from 'vitest'
import type { TransportRequest } from '../api/transport.ts'
import { Client } from '../client/client.ts'
import { clientTokens } from './tokens.ts'

test('A token is asked for in the name of the Pod’s account and bound to the Pod', async () => {
  const requests: TransportRequest[] = []
  const client = new Client({
    async request(request: TransportRequest) {
      requests.push(request)
      return { status: 201, body: { status: { token: 'abc' } } }
    },
    watch: () => Promise.reject(new Error('not asked for')),
  } as unknown as ConstructorParameters<typeof Client>[0])
  const pod = {
    metadata: { name: 'p', namespace: 'blue', uid: 'u' },
    spec: { serviceAccountName: 'builder' },
  }
  const token = await clientTokens(client)({ pod: pod as never, audience: 'vault', expirationSeconds: 3607 })
  expect(token).toBe('abc')
  expect(requests[0]).toMatchObject({
    method: 'POST',
    path: '/api/v1/namespaces/blue/serviceaccounts/builder/token',
    body: {
      spec: {
        audiences: ['vault'],
        expirationSeconds: 3607,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' },
      },
    },
  })
})
