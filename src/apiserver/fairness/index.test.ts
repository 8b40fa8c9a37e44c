import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer } from '../apiserver.fake.ts'
import type { User } from '../registry/registry.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server.close())

const schemas = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas'
const levels = '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations'

async function nameOf(path: string, uid: string | undefined): Promise<string> {
  const { body } = await server.ask(`GET ${path}`)
  const items = body['items'] as { metadata: { name: string; uid: string } }[]
  return items.find(item => item.metadata.uid === uid)?.metadata.name ?? 'none'
}

/** Schema and level that served a request. */
async function servedBy(line: string, user?: User): Promise<string> {
  const { headers } = await server.ask(line, undefined, user ? { user } : {})
  const schema = await nameOf(schemas, headers['x-kubernetes-pf-flowschema-uid'])
  return `${schema} ${await nameOf(levels, headers['x-kubernetes-pf-prioritylevel-uid'])}`
}

const user = (name: string, ...groups: string[]): User => ({
  name,
  groups: [...groups, 'system:authenticated'],
})
const account = (namespace: string, name: string) =>
  user(
    `system:serviceaccount:${namespace}:${name}`,
    'system:serviceaccounts',
    `system:serviceaccounts:${namespace}`,
  )
const node = user('system:node:node1', 'system:nodes')
const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a'

test('Each request is served by the schema and the level that upstream has for it', async () => {
  const rows: readonly (readonly [string, User | undefined, string])[] = [
    ['GET /api/v1/pods', undefined, 'exempt exempt'],
    ['GET /healthz', user('jane'), 'probes exempt'],
    ['GET /api/v1/pods', user('jane'), 'global-default global-default'],
    ['GET /version', user('jane'), 'global-default global-default'],
    ['GET /api/v1/pods', account('default', 'a'), 'service-accounts workload-low'],
    ['GET /api/v1/pods', account('kube-system', 'a'), 'kube-system-service-accounts workload-high'],
    [`GET ${lease}`, account('kube-system', 'a'), 'system-leader-election leader-election'],
    [`GET ${lease}`, account('default', 'a'), 'workload-leader-election leader-election'],
    ['GET /api/v1/nodes/node1', node, 'system-node-high node-high'],
    ['GET /api/v1/pods', node, 'system-nodes system'],
    ['GET /api/v1/pods', user('system:kube-scheduler'), 'kube-scheduler workload-high'],
  ]
  for (const [line, who, expected] of rows)
    expect([line, await servedBy(line, who)]).toEqual([line, expected])
})

test('A user who floods is told to come back, while nodes, controllers and others are served', async () => {
  const ask = (who: User, line = 'GET /api/v1/pods') => server.ask(line, undefined, { user: who })
  const flood = Array.from({ length: 2000 }, () => ask(user('mallory')))
  const others = [user('jane'), node, account('default', 'a'), user('system:kube-scheduler')].map(who =>
    ask(who),
  )
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  const answers = await Promise.all(flood)
  const counts = (status: number) => answers.filter(answer => answer.status === status).length
  // 49 seats of 600, and a hand of six queues that hold 50 each.
  expect([counts(200), counts(429)]).toEqual([349, 1651])
  const refused = answers.find(({ status }) => status === 429)
  expect([refused?.headers['retry-after'], refused?.text]).toEqual([
    '1',
    'Too many requests, please try again later.\n',
  ])
})

test('A schema of one own takes its users from then on, and levels share all seats', async () => {
  const limited = { nominalConcurrencyShares: 245, limitResponse: { type: 'Reject' } }
  await server.ask(`POST ${levels}`, { metadata: { name: 'mine' }, spec: { type: 'Limited', limited } })
  const rules = [
    {
      subjects: [{ kind: 'User', user: { name: 'jane' } }],
      resourceRules: [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], clusterScope: true }],
    },
  ]
  const spec = { priorityLevelConfiguration: { name: 'mine' }, matchingPrecedence: 50, rules }
  await server.ask(`POST ${schemas}`, { metadata: { name: 'mine' }, spec })
  expect(await servedBy('GET /api/v1/pods', user('jane'))).toBe('mine mine')
  expect(await servedBy('GET /api/v1/services', user('jane'))).toBe('global-default global-default')
  const { text } = await server.ask('GET /metrics')
  expect(text).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="mine"} 300\n')
  expect(text).toContain(
    'apiserver_flowcontrol_dispatched_requests_total{priority_level="mine",flow_schema="mine"} 1\n',
  )
  const mine = 'priority_level="mine",flow_schema="mine"'
  expect(text).toContain(
    `apiserver_flowcontrol_request_wait_duration_seconds_count{${mine},execute="true"} 1\n`,
  )
  expect(text).toContain(`apiserver_flowcontrol_request_execution_seconds_count{${mine},type="regular"} 1\n`)
})

test('Without objects administrators are exempt and the others share what is left', async () => {
  await server.ask(`DELETE ${schemas}`)
  await server.ask(`DELETE ${levels}`)
  const { headers } = await server.ask('GET /api/v1/pods', undefined, { user: user('jane') })
  expect(headers['x-kubernetes-pf-flowschema-uid']).not.toBe(undefined)
  expect((await server.ask('GET /metrics')).text).toContain(
    'apiserver_flowcontrol_nominal_limit_seats{priority_level="catch-all"} 600\n',
  )
})
