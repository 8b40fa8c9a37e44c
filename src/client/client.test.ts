import { expect, test } from 'vitest'
import { defineResource } from '../api/resource.ts'
import type { Transport, TransportRequest } from '../api/transport.ts'
import { Client } from './client.ts'

const pods = defineResource({ group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true })

function recording() {
  const requests: TransportRequest[] = []
  const transport = {
    request: async request => {
      requests.push(request)
      return { status: 200, body: { metadata: { name: 'answer' } }, warnings: [] }
    },
    watch: async request => {
      requests.push(request)
      return { close: () => undefined }
    },
  } as Transport
  return { client: new Client(transport), requests }
}

test('Client turns each call into the request that Kubernetes defines for it', async () => {
  const { client, requests } = recording()
  const pod = { metadata: { namespace: 'a', name: 'b' } }
  await client.get(pods, { namespace: 'a', name: 'b' })
  await client.create(pods, pod, { dryRun: true })
  await client.updateStatus(pods, pod)
  await client.patch(pods, { namespace: 'a', name: 'b' }, { x: 1 }, { type: 'strategic-merge' })
  await client.delete(pods, { namespace: 'a', name: 'b' }, { gracePeriodSeconds: 0 })
  await client.list(pods, { labelSelector: 'app=x', limit: 5 })
  await client.createSubresource(pods, { namespace: 'a', name: 'b', subresource: 'binding' }, { target: {} })
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /api/v1/namespaces/a/pods/b',
    'POST /api/v1/namespaces/a/pods',
    'PUT /api/v1/namespaces/a/pods/b/status',
    'PATCH /api/v1/namespaces/a/pods/b',
    'DELETE /api/v1/namespaces/a/pods/b',
    'GET /api/v1/pods',
    'POST /api/v1/namespaces/a/pods/b/binding',
  ])
  expect(requests[1]!.query).toEqual({ dryRun: 'All' })
  expect(requests[3]!.contentType).toBe('application/strategic-merge-patch+json')
  expect(requests[4]!.body).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 })
  expect(requests[5]!.query).toEqual({ labelSelector: 'app=x', limit: '5' })
})
