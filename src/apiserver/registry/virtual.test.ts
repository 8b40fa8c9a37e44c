import { expect, test } from 'vitest'
import { defineResource } from '../../api/resource.ts'
import { context, openTestRegistries, pods } from './registries.fake.ts'

const define = (group: string, resource: string, kind: string) =>
  defineResource({
    group,
    version: 'v1',
    kind,
    resource,
    namespaced: resource === 'bindings',
    verbs: ['create'],
  })

test('a review is answered and not stored', async () => {
  const reviews = define('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview')
  const { registry, store } = await openTestRegistries({ resources: [reviews] })
  const asked = { metadata: {}, spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }
  const { object, bytes } = await registry(reviews).create(context, asked, { namespace: '' })
  expect(object).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: true } })
  expect(JSON.parse(bytes.toString()).metadata).toEqual({})
  expect(await store.revision()).toBe(1)
  await expect(registry(reviews).list(context, {})).rejects.toMatchObject({ code: 405 })
})

test('who am I', async () => {
  const reviews = define('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview')
  const { registry } = await openTestRegistries({ resources: [reviews] })
  const { object } = await registry(reviews).create(context, { metadata: {} }, { namespace: '' })
  expect(object).toMatchObject({ status: { userInfo: { username: 'tester', groups: [] } } })
})

test('POST /bindings binds the Pod that it names', async () => {
  const bindings = define('', 'bindings', 'Binding')
  const { registry } = await openTestRegistries({ resources: [bindings, pods] })
  const inDefault = { namespace: 'default' }
  await registry(pods).create(context, { metadata: { name: 'a' }, spec: {} } as never, inDefault)
  const binding = { metadata: { name: 'a' }, target: { kind: 'Node', name: 'n1' } }
  const { object } = await registry(bindings).create(context, binding as never, inDefault)
  expect(object).toMatchObject({ kind: 'Status', status: 'Success' })
  expect((await registry(pods).get(context, 'default', 'a')).object).toMatchObject({
    spec: { nodeName: 'n1' },
  })
})
