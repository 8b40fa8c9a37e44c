import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ClusterRole } from '../../api/generated/types.ts'
import { aggregatedRules } from '../../api/resources/rbac.authorization.k8s.io/aggregation.ts'
import { openTestServer } from '../apiserver.fake.ts'
import { bootstrapPolicy } from './bootstrappolicy.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
beforeEach(async () => {
  server = await openTestServer({ rbac: true })
})
afterEach(() => server.close())

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const jane = { name: 'jane', groups: ['ops', 'system:authenticated'] }
const asJane = (line: string, body?: unknown) => server.ask(line, body, { user: jane })
const pods = (verbs: string[]) => ({ apiGroups: [''], resources: ['pods'], verbs })
const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
const user = (name: string) => ({ kind: 'User', name })

const bind = (kind: string, name: string, subjects: object[], namespace = 'default') =>
  server.ask(`POST ${rbac}/namespaces/${namespace}/rolebindings`, {
    metadata: { name: `${name}-binding` },
    roleRef: roleRef(kind, name),
    subjects,
  })
const makeRole = (name: string, rules: object[]) =>
  server.ask(`POST ${rbac}/namespaces/default/roles`, { metadata: { name }, rules })

test('Nobody may do what no role gives, and the refusal says what it was', async () => {
  const { status, body } = await asJane('GET /api/v1/namespaces/default/pods')
  expect(status).toBe(403)
  expect(body.message).toBe(
    'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
  )
  expect((await asJane('GET /api')).status).toBe(200)
  expect((await asJane('GET /metrics')).status).toBe(403)
})

test('A role counts in its namespace, for the users and groups that a binding names', async () => {
  await makeRole('reader', [pods(['list'])])
  await bind('Role', 'reader', [{ kind: 'Group', name: 'ops' }])
  expect((await asJane('GET /api/v1/namespaces/default/pods')).status).toBe(200)
  expect((await asJane('GET /api/v1/namespaces/kube-system/pods')).status).toBe(403)
  expect((await asJane('GET /api/v1/pods')).status).toBe(403)
  await server.ask(`DELETE ${rbac}/namespaces/default/rolebindings/reader-binding`)
  expect((await asJane('GET /api/v1/namespaces/default/pods')).status).toBe(403)
})

test('A binding to a role that is missing is told to the administrator', async () => {
  await bind('Role', 'gone', [user('jane')])
  const { body } = await asJane('GET /api/v1/namespaces/default/pods')
  expect(body.message).toContain('RBAC: role.rbac.authorization.k8s.io "gone" not found')
})

test('A ServiceAccount is a subject of the binding’s namespace unless it names another', async () => {
  await makeRole('reader', [pods(['list'])])
  await bind('Role', 'reader', [{ kind: 'ServiceAccount', name: 'robot', namespace: 'default' }])
  const robot = { name: 'system:serviceaccount:default:robot', groups: ['system:serviceaccounts'] }
  const asked = await server.ask('GET /api/v1/namespaces/default/pods', undefined, { user: robot })
  expect(asked.status).toBe(200)
})

test('Reviews answer for oneself and for others, and say by what', async () => {
  await makeRole('reader', [pods(['list'])])
  await bind('Role', 'reader', [user('jane')])
  const resourceAttributes = { verb: 'list', resource: 'pods', namespace: 'default' }
  const review = '/apis/authorization.k8s.io/v1'
  const own = await asJane(`POST ${review}/selfsubjectaccessreviews`, { spec: { resourceAttributes } })
  expect(own.body.status).toEqual({
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "reader-binding/default" of Role "reader" to User "jane"',
  })
  const other = await server.ask(`POST ${review}/subjectaccessreviews`, {
    spec: { user: 'joe', resourceAttributes },
  })
  expect(other.body.status).toEqual({ allowed: false })
  expect((await asJane(`POST ${review}/subjectaccessreviews`, { spec: { user: 'joe' } })).status).toBe(403)
  const rules = await asJane(`POST ${review}/selfsubjectrulesreviews`, { spec: { namespace: 'default' } })
  expect(rules.body.status).toMatchObject({
    incomplete: false,
    resourceRules: expect.arrayContaining([
      { verbs: ['list'], apiGroups: [''], resources: ['pods'] },
      {
        verbs: ['create'],
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      },
    ]),
  })
})

test('Nobody gives away what they do not have, except with escalate and bind', async () => {
  const roleWriter = {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['roles', 'rolebindings'],
    verbs: ['*'],
  }
  await makeRole('writer', [{ ...roleWriter, verbs: ['create', 'update', 'get'] }, pods(['list'])])
  await bind('Role', 'writer', [user('jane')])
  const give = (name: string, rules: object[]) =>
    asJane(`POST ${rbac}/namespaces/default/roles`, { metadata: { name }, rules })
  expect((await give('small', [pods(['list'])])).status).toBe(201)
  const refused = await give('big', [pods(['list', 'delete'])])
  expect(refused.status).toBe(403)
  expect(refused.body.message).toBe(
    'roles.rbac.authorization.k8s.io "big" is forbidden: user "jane" (groups=["ops" "system:authenticated"]) ' +
      'is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
  )
  const toAdmin = {
    metadata: { name: 'mine' },
    roleRef: roleRef('ClusterRole', 'cluster-admin'),
    subjects: [user('jane')],
  }
  const bound = await asJane(`POST ${rbac}/namespaces/default/rolebindings`, toAdmin)
  expect(bound.status).toBe(403)
  await makeRole('escalator', [roleWriter])
  await bind('Role', 'escalator', [user('jane')])
  expect((await give('big', [pods(['list', 'delete'])])).status).toBe(201)
})

/** Jane may write roles and bindings everywhere, and has few rights herself. */
async function makeJaneRoleWriter(): Promise<void> {
  const resources = ['clusterroles', 'clusterrolebindings']
  const rules = [
    { apiGroups: ['rbac.authorization.k8s.io'], resources, verbs: ['create', 'update', 'patch', 'get'] },
    pods(['list']),
  ]
  await server.ask(`POST ${rbac}/clusterroles`, { metadata: { name: 'writer' }, rules })
  const ref = { roleRef: roleRef('ClusterRole', 'writer'), subjects: [user('jane')] }
  await server.ask(`POST ${rbac}/clusterrolebindings`, { metadata: { name: 'writer' }, ...ref })
}

test('An update that creates takes the right to create, and gives away no more than a creation', async () => {
  const writing = (verbs: string[]) => [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs },
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs },
  ]
  await makeRole('updater', writing(['update']))
  await bind('Role', 'updater', [user('jane')])
  const metadata = { name: 'new' }
  const lease = '/apis/coordination.k8s.io/v1/namespaces/default/leases/new'
  const refused = await asJane(`PUT ${lease}`, { metadata, spec: {} })
  expect([refused.status, refused.body.message]).toEqual([
    403,
    'leases.coordination.k8s.io "new" is forbidden: User "jane" cannot create resource "leases" in API group ' +
      '"coordination.k8s.io" in the namespace "default"',
  ])
  expect((await server.ask(`GET ${lease}`)).status).toBe(404)
  await makeRole('creator', writing(['create']))
  await bind('Role', 'creator', [user('jane')])
  expect((await asJane(`PUT ${lease}`, { metadata, spec: {} })).status).toBe(201)
  const role = `${rbac}/namespaces/default/roles/new`
  expect((await asJane(`PUT ${role}`, { metadata, rules: [pods(['list'])] })).status).toBe(403)
  expect((await asJane(`PUT ${role}`, { metadata, rules: writing(['update']) })).status).toBe(201)
})

test('Rights are not given away by aggregation: neither by a rule of it nor by a label', async () => {
  await makeJaneRoleWriter()
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] }
  const role = { metadata: { name: 'mine' }, rules: [pods(['list'])] }
  const aggregated = await asJane(`POST ${rbac}/clusterroles`, { ...role, aggregationRule })
  expect([aggregated.status, aggregated.body.message]).toEqual([
    403,
    'clusterroles.rbac.authorization.k8s.io "mine" is forbidden: ' +
      'must have cluster-admin privileges to use the aggregationRule',
  ])
  const merge = { contentType: 'application/merge-patch+json', user: jane }
  const patch = async (path: string, body: object) =>
    (await server.ask(`PATCH ${rbac}/${path}`, body, merge)).status
  expect((await asJane(`POST ${rbac}/clusterroles`, role)).status).toBe(201)
  expect(await patch('clusterroles/mine', { aggregationRule })).toBe(403)
  expect(await patch('clusterroles/mine', { metadata: { labels: { a: 'b' } } })).toBe(200)
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }
  expect(await patch('clusterroles/cluster-admin', { metadata: { labels } })).toBe(403)
  expect(await patch('clusterrolebindings/cluster-admin', { metadata: { labels } })).toBe(403)
  expect(await patch('clusterroles/cluster-admin', { metadata: { finalizers: ['example.com/a'] } })).toBe(200)
})

test('What is missing is told in order, once', async () => {
  await makeJaneRoleWriter()
  const rules = [
    { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
    { apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['list', 'create'] },
    { nonResourceURLs: ['/logs'], verbs: ['get'] },
  ]
  const { body } = await asJane(`POST ${rbac}/clusterroles`, { metadata: { name: 'mine' }, rules })
  expect(body.message?.split('\n').slice(1)).toEqual([
    '{APIGroups:[""], Resources:["nodes"], Verbs:["list" "create"]}',
    '{APIGroups:[""], Resources:["pods"], Verbs:["create"]}',
    '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    '{NonResourceURLs:["/logs"], Verbs:["get"]}',
  ])
})

test('A new server has the roles people bind to, and gives back rules they lost when it starts', async () => {
  const { body } = await server.ask(`GET ${rbac}/clusterroles`)
  const names = (body as unknown as { items: { metadata: { name: string } }[] }).items.map(
    ({ metadata }) => metadata.name,
  )
  expect(names).toEqual(expect.arrayContaining(['admin', 'cluster-admin', 'edit', 'view', 'system:node']))
  await server.ask(
    `PATCH ${rbac}/clusterroles/system:discovery`,
    { rules: [] },
    {
      contentType: 'application/merge-patch+json',
    },
  )
  expect((await asJane('GET /apis')).status).toBe(403)
  const again = await openTestServer({ rbac: true, store: server.store })
  expect((await again.ask('GET /apis', undefined, { user: jane })).status).toBe(200)
  await again.close()
})

test('The roles of a new cluster are aggregated already', () => {
  const all = bootstrapPolicy(0).flatMap(({ object }) =>
    object.kind === 'ClusterRole' ? [object as ClusterRole] : [],
  )
  const aggregated = all.filter(({ aggregationRule }) => aggregationRule)
  expect(aggregated.map(({ metadata }) => metadata?.name)).toEqual(['admin', 'edit', 'view'])
  for (const role of aggregated) expect(role.rules).toEqual(aggregatedRules(role, all))
  const [admin, edit, view] = aggregated.map(({ rules = [] }) => rules.length)
  expect([admin! > edit!, edit! > view!, view! > 0]).toEqual([true, true, true])
})
