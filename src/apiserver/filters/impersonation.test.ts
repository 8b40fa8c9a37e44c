import { expect, test } from 'vitest'
import type { User } from '../registry/registry.ts'
import { textReply } from '../reply.ts'
import { ServerRequest } from '../request.ts'
import type { RequestInfo } from '../requestinfo.ts'
import { impersonation } from './impersonation.ts'

async function pass(headers: Record<string, string | string[]>, refused?: string) {
  const asked: string[] = []
  const authorizer = (_: User, info: RequestInfo) => {
    const { resource, subresource, namespace, name } = info
    asked.push([resource, subresource, namespace, name].filter(Boolean).join(' '))
    return resource === refused ? '' : undefined
  }
  const request = new ServerRequest({ method: 'GET', target: '/api', headers })
  request.user = { name: 'jane', groups: ['system:authenticated'] }
  await impersonation(authorizer)(request, async () => textReply(200, 'ok'))
  return { asked, user: request.user }
}

test('Without the headers one is oneself', async () => {
  expect(await pass({})).toEqual({ asked: [], user: { name: 'jane', groups: ['system:authenticated'] } })
})

test('A user with groups, a uid and more is asked about one by one', async () => {
  const headers = {
    'impersonate-user': 'joe',
    'impersonate-group': ['dev', 'CN=ops, OU=all'],
    'impersonate-uid': '7',
    'impersonate-extra-acme.com%2fproject': 'x',
  }
  expect(await pass(headers)).toEqual({
    asked: ['users joe', 'groups dev', 'groups CN=ops, OU=all', 'uids 7', 'userextras acme.com/project x'],
    user: {
      name: 'joe',
      groups: ['dev', 'CN=ops, OU=all', 'system:authenticated'],
      uid: '7',
      extra: { 'acme.com/project': ['x'] },
    },
  })
})

test('A ServiceAccount has the groups that it has', async () => {
  expect(await pass({ 'impersonate-user': 'system:serviceaccount:team:robot' })).toEqual({
    asked: ['serviceaccounts team robot'],
    user: {
      name: 'system:serviceaccount:team:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
    },
  })
})

test('Whom nobody knows is not among those who are known', async () => {
  const groupsOf = async (name: string, ...groups: string[]) =>
    (await pass({ 'impersonate-user': name, 'impersonate-group': groups })).user?.groups
  expect(await groupsOf('system:anonymous')).toEqual(['system:unauthenticated'])
  expect(await groupsOf('system:anonymous', 'a')).toEqual(['a', 'system:unauthenticated'])
  expect(await groupsOf('joe', 'system:unauthenticated', 'a')).toEqual(['system:unauthenticated', 'a'])
  expect(await groupsOf('joe', 'system:authenticated', 'a')).toEqual(['system:authenticated', 'a'])
})

test('An extra key that is escaped wrongly is taken as it is', async () => {
  const headers = { 'impersonate-user': 'joe', 'impersonate-extra-%zz': 'x' }
  expect((await pass(headers)).user?.extra).toEqual({ '%zz': ['x'] })
})

test('Who may not is told for whom', async () => {
  await expect(pass({ 'impersonate-user': 'joe' }, 'users')).rejects.toThrow(
    'users "joe" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
  )
})

test('Groups alone are nobody', async () => {
  await expect(pass({ 'impersonate-group': 'dev' })).rejects.toMatchObject({
    code: 400,
    message: 'requested ["dev"] without impersonating a user',
  })
})
