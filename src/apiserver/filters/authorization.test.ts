import { expect, test } from 'vitest'
import { textReply } from '../reply.ts'
import { ServerRequest } from '../request.ts'
import { type Authorizer, allowAuthenticated, authorization } from './authorization.ts'

async function answer(authorizer: Authorizer, target: string): Promise<string> {
  const request = new ServerRequest({ method: 'GET', target })
  request.user = { name: 'jane', groups: [] }
  try {
    return String((await authorization(authorizer)(request, async () => textReply(200, 'ok'))).body)
  } catch (error) {
    return (error as Error).message
  }
}

test('Who is known may do everything by default', async () => {
  expect(await answer(allowAuthenticated, '/api/v1/pods')).toBe('ok')
})

test.each([
  [
    '/api/v1/namespaces/a/pods/p/log',
    'pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "a"',
  ],
  [
    '/apis/apps/v1/deployments',
    'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" at the cluster scope',
  ],
])('A refusal of %s is worded as upstream words it', async (target, expected) => {
  expect(await answer(() => '', target)).toBe(expected)
  expect(await answer(async () => 'because', target)).toBe(`${expected}: because`)
})
