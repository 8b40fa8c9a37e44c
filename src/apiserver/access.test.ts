import { expect, test } from 'vitest'
import { createAccess } from './access.ts'
import { openTestRegistries } from './registry/registries.fake.ts'
import type { RequestInfo } from './requestinfo.ts'

const wanted: RequestInfo = {
  isResourceRequest: true,
  path: '',
  verb: 'get',
  group: '',
  version: 'v1',
  namespace: 'ns',
  resource: 'secrets',
  subresource: '',
  name: 's',
  parts: [],
}
const node = { name: 'system:node:a', groups: ['system:nodes'] }

test('Without roles everybody who is known may do everything, and reviews are not ours', async () => {
  const { lookup } = await openTestRegistries()
  const { authorizer, answerers } = createAccess({ recent: lookup, lookup })
  expect(await authorizer(node, wanted)).toBeUndefined()
  expect(answerers).toEqual({})
})

test('The first authorizer that allows decides; the reasons of all that do not are told', async () => {
  const { lookup } = await openTestRegistries()
  const { authorizer } = createAccess({ rbac: true, nodeAuthorizer: true, recent: lookup, lookup })
  expect(await authorizer({ ...node, groups: ['system:nodes', 'system:masters'] }, wanted)).toBeUndefined()
  expect(await authorizer(node, { ...wanted, resource: 'services' })).toBeUndefined()
  expect(await authorizer(node, wanted)).toBe("no relationship found between node 'a' and this object")
  expect(await authorizer({ name: 'jane', groups: [] }, wanted)).toBe('')
})

test('An authorizer of the caller’s own judges instead', async () => {
  const { lookup } = await openTestRegistries()
  const { authorizer } = createAccess({ authorizer: () => 'no', rbac: true, recent: lookup, lookup })
  expect(await authorizer({ name: 'jane', groups: ['system:masters'] }, wanted)).toBe('no')
})
