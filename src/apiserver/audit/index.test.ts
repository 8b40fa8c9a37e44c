import { load } from 'js-yaml'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../../api/resources/core/configmap.ts'
import { pods } from '../../api/resources/core/pod.ts'
import { Client } from '../../client/client.ts'
import { MetricSet } from '../../component/metrics.ts'
import { type Asking, collect, openTestServer } from '../apiserver.fake.ts'
import { parseQuery } from '../query.ts'
import { parseRequestInfo } from '../requestinfo.ts'
import { compileAuditPolicy } from './policy.ts'

const policyOf = (text: string) =>
  compileAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...(load(text) as object) })

describe('An audit policy', () => {
  const policy = policyOf(`
omitStages: [RequestReceived]
rules:
- {level: None, users: [robot]}
- {level: Request, userGroups: [ops], verbs: [create], omitStages: [Panic]}
- {level: None, nonResourceURLs: [/healthz*, /version]}
- {level: Metadata, nonResourceURLs: ['*']}
- level: RequestResponse
  namespaces: [team]
  resources:
  - {group: '', resources: [pods, 'services/*']}
  - {group: '', resources: [configmaps], resourceNames: [a]}
- {level: Request, resources: [{group: apps}, {group: '', resources: ['*/status']}]}
- {level: None, namespaces: [''], omitManagedFields: true}
- {level: Metadata, resources: [{group: '', resources: ['*']}]}
`)
  const levelOf = (line: string, name = 'jane', groups: string[] = []) => {
    const [method = '', target = ''] = line.split(' ')
    const [path = '', query = ''] = target.split('?')
    return policy({ name, groups }, parseRequestInfo(method, path, parseQuery(query))).level
  }

  test.each([
    ['GET /healthz/etcd', 'None'],
    ['GET /version', 'None'],
    ['GET /apis', 'Metadata'],
    ['GET /api/v1/namespaces/team/pods', 'RequestResponse'],
    ['GET /api/v1/namespaces/team/pods/p/log', 'Metadata'],
    ['GET /api/v1/namespaces/team/services/s/proxy', 'RequestResponse'],
    ['GET /api/v1/namespaces/team/services', 'RequestResponse'],
    ['GET /api/v1/namespaces/team/configmaps/a', 'RequestResponse'],
    ['GET /api/v1/namespaces/team/configmaps/b', 'Metadata'],
    ['GET /api/v1/namespaces/other/pods', 'Metadata'],
    ['GET /apis/apps/v1/namespaces/other/deployments/d', 'Request'],
    ['PUT /api/v1/nodes/n/status', 'Request'],
    ['GET /api/v1/nodes', 'None'],
    ['GET /apis/batch/v1/namespaces/other/jobs', 'None'],
  ])('takes the first rule that fits: %s is at level %s', (line, level) => {
    expect(levelOf(line)).toBe(level)
  })

  test('can ask who it is', () => {
    expect(levelOf('GET /api/v1/namespaces/team/pods', 'robot')).toBe('None')
    expect(levelOf('POST /api/v1/namespaces/team/pods', 'jane', ['ops'])).toBe('Request')
    expect(levelOf('GET /api/v1/namespaces/team/pods', 'jane', ['ops'])).toBe('RequestResponse')
    const info = parseRequestInfo('POST', '/api/v1/namespaces/team/pods', parseQuery(''))
    expect(policy(undefined, info)).toEqual({
      level: 'RequestResponse',
      omitStages: new Set(['RequestReceived']),
      omitManagedFields: false,
    })
    expect(policy({ name: 'jane', groups: ['ops'] }, info).omitStages).toEqual(
      new Set(['RequestReceived', 'Panic']),
    )
  })

  test.each([
    ['rules: [{level: All}]', 'rules[0].level: "All" is not one of None, Metadata, Request, RequestResponse'],
    ['rules: [{users: [a]}]', 'rules[0].level: it is missing'],
    ['rules: [{level: None, user: a}]', 'rules[0].user: unknown field'],
    ['{}', 'rules: it is missing'],
    ['rules: [{level: None, nonResourceURLs: [healthz]}]', "must begin with a '/' character"],
    ["rules: [{level: None, nonResourceURLs: ['/a*b']}]", 'must be the final character'],
    ['rules: [{level: None, nonResourceURLs: [/a], namespaces: [b]}]', 'cannot apply to both'],
    ['rules: [{level: None, resources: [{resourceNames: [a]}]}]', 'requires at least one resource'],
    ['rules: [{level: None, resources: [{group: apps/v1}]}]', 'rules[0].resources[0].group: '],
    ['{rules: [], omitStages: [End]}', 'omitStages[0]: "End" is not one of RequestReceived'],
    ['{rules: [], kind: Rule}', 'kind: "Rule" is not one of Policy'],
  ])('is refused when it says %s', (text, message) => {
    expect(() => policyOf(text)).toThrow(message)
  })
})

let lines: string[]
let server: Awaited<ReturnType<typeof openTestServer>>
let metrics: MetricSet

const sink = { lost: 3, write: (line: string) => void lines.push(line) }
const events = () => lines.splice(0).map(line => JSON.parse(line))

async function start(text: string) {
  server = await openTestServer({ audit: { policy: policyOf(text), sink }, metrics, rbac: true })
  events()
}
beforeEach(() => {
  lines = []
  metrics = new MetricSet()
})
afterEach(() => server?.close())

const jane: Asking = { user: { name: 'jane', groups: ['dev'] }, headers: { 'user-agent': 'test/1' } }

describe('A request', () => {
  test('is recorded when it comes and when it is answered', async () => {
    await start('rules: [{level: Metadata}]')
    const configMap = { metadata: { name: 'a' }, data: { secret: 'x' } }
    const headers = { 'audit-id': 'id-1', 'x-forwarded-for': '2001:DB8::1, 010.0.0.1, x' }
    await server.ask('POST /api/v1/namespaces/default/configmaps?fieldManager=me', configMap, { headers })
    const both = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: 'id-1',
      requestURI: '/api/v1/namespaces/default/configmaps?fieldManager=me',
      verb: 'create',
      user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['2001:db8::1', '10.0.0.1'],
      userAgent: '',
      requestReceivedTimestamp: '2026-01-01T12:00:00.000000Z',
      stageTimestamp: '2026-01-01T12:00:00.000000Z',
    }
    const ref = { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' }
    expect(lines[0]).toMatch(
      /^\{"kind":"Event","apiVersion":"audit.k8s.io\/v1","level":"Metadata","auditID":"id-1",.*\}\n$/,
    )
    expect(events()).toEqual([
      { ...both, stage: 'RequestReceived', objectRef: ref },
      {
        ...both,
        stage: 'ResponseComplete',
        objectRef: { ...ref, name: 'a', uid: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        responseStatus: { metadata: {}, code: 201 },
        annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
      },
    ])
  })

  test('that is refused says so, with who allows or not', async () => {
    await start('{omitStages: [RequestReceived], rules: [{level: Metadata}]}')
    await server.ask('GET /api/v1/namespaces/default/pods/p', undefined, jane)
    await server.ask('GET /api', undefined, jane)
    const [refused, allowed] = events()
    expect(refused).toMatchObject({
      user: { username: 'jane' },
      userAgent: 'test/1',
      objectRef: { resource: 'pods', namespace: 'default', name: 'p', apiVersion: 'v1' },
      responseStatus: { status: 'Failure', reason: 'Forbidden', code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
    })
    expect(allowed).toMatchObject({
      verb: 'get',
      requestURI: '/api',
      responseStatus: { metadata: {}, code: 200 },
      annotations: {
        'authorization.k8s.io/decision': 'allow',
        'authorization.k8s.io/reason':
          'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
      },
    })
    expect(allowed).not.toHaveProperty('objectRef')
  })

  test('of whom nobody knows is recorded, with how they tried', async () => {
    await start('rules: [{level: None, users: [jane]}, {level: Metadata}]')
    await server.ask('GET /api', undefined, { user: undefined, headers: { authorization: 'Bearer x' } })
    await server.ask('GET /api', undefined, jane)
    expect(events()).toMatchObject([
      {
        stage: 'ResponseStarted',
        user: {},
        responseStatus: { code: 401, message: 'Authentication failed, attempted: bearer' },
      },
    ])
  })

  test('on behalf of somebody names both', async () => {
    await start('{omitStages: [RequestReceived], rules: [{level: Metadata}]}')
    const headers = { 'impersonate-user': 'joe' }
    await server.ask('GET /api/v1/nodes', undefined, { headers })
    expect(events()).toMatchObject([
      {
        user: { username: 'admin' },
        impersonatedUser: { username: 'joe', groups: ['system:authenticated'] },
      },
    ])
  })

  test('is recorded with its body, and its answer, where the policy says so', async () => {
    await start(`
omitStages: [RequestReceived]
rules:
- {level: RequestResponse, resources: [{resources: [configmaps, secrets]}]}
- {level: Request}`)
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } }
    await server.ask('POST /api/v1/namespaces/default/configmaps', `${JSON.stringify(map, null, 2)}\n`)
    const yaml = { contentType: 'application/yaml' }
    await server.ask('POST /api/v1/namespaces/default/serviceaccounts', 'metadata:\n  name: b\n', yaml)
    const patch = { contentType: 'application/json-patch+json' }
    const operations = [{ op: 'add', path: '/data/x', value: 'y' }]
    await server.ask('PATCH /api/v1/namespaces/default/configmaps/a', operations, patch)
    await server.ask('GET /api/v1/namespaces/default/configmaps')
    await server.ask('POST /api/v1/namespaces/default/configmaps', map)
    await server.ask('DELETE /api/v1/namespaces/default/configmaps/a', { gracePeriodSeconds: 0 })
    await server.ask('POST /api/v1/namespaces/default/configmaps', '{"metadata":{')
    const [created, account, patched, listed, again, deleted, broken] = events()
    expect(created).toMatchObject({ requestObject: map, responseObject: { ...map, metadata: { name: 'a' } } })
    expect(account).toMatchObject({ requestObject: { metadata: { name: 'b' } }, objectRef: { name: 'b' } })
    expect(account).not.toHaveProperty('responseObject')
    expect(patched).toMatchObject({ requestObject: operations, responseObject: { data: { k: 'v', x: 'y' } } })
    expect(listed.responseObject).toMatchObject({
      kind: 'ConfigMapList',
      items: [{ metadata: { name: 'a' } }],
    })
    expect(again).toMatchObject({
      objectRef: { name: 'a' },
      requestObject: map,
      responseObject: { kind: 'Status', reason: 'AlreadyExists' },
      responseStatus: { status: 'Failure', reason: 'AlreadyExists', code: 409 },
    })
    expect(deleted.responseStatus).toMatchObject({ status: 'Success', details: { name: 'a' }, code: 200 })
    expect(deleted).toMatchObject({
      requestObject: { gracePeriodSeconds: 0 },
      responseObject: { kind: 'Status' },
    })
    expect(broken).toMatchObject({ responseStatus: { code: 400 } })
    expect(broken).not.toHaveProperty('requestObject')
  })

  test('is one line, however another writer of the store put the object', async () => {
    await start('{omitStages: [RequestReceived], rules: [{level: RequestResponse}]}')
    const map = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', namespace: 'default' } }
    const value = Buffer.from(`${JSON.stringify(map).replace(/}$/, ',\n"data":{"k":"v"}}')}\n`)
    await server.store.write([{ type: 'create', key: '/registry/configmaps/default/a', value }])
    await server.ask('GET /api/v1/namespaces/default/configmaps/a')
    await server.ask('GET /api/v1/namespaces/default/configmaps')
    expect(lines.map(line => line.indexOf('\n') === line.length - 1)).toEqual([true, true])
    const [got, listed] = events()
    expect([got.responseObject.data, listed.responseObject.items[0].data]).toEqual([{ k: 'v' }, { k: 'v' }])
  })

  test('can leave out who manages which field', async () => {
    await start(`
omitStages: [RequestReceived]
omitManagedFields: true
rules: [{level: Request}]`)
    const metadata = { name: 'a', managedFields: [{ manager: 'me', operation: 'Update' }] }
    await server.ask('POST /api/v1/namespaces/default/configmaps', { metadata })
    expect(events()).toMatchObject([{ requestObject: { metadata: { name: 'a' } } }])
    expect(JSON.stringify(events())).not.toContain('managedFields')
  })

  test('that goes on is recorded when its answer begins and when it ends', async () => {
    await start('{rules: [{level: RequestResponse, verbs: [watch]}, {level: None}]}')
    const stream = collect(await server.reply('GET /api/v1/pods?watch=true'))
    expect(events().map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted'])
    stream.close()
    await server.server
      .transport({ name: 'x', groups: ['system:masters'] })
      .request({ method: 'GET', path: '/api' })
    expect(events()).toMatchObject([{ stage: 'ResponseComplete', responseStatus: { code: 200 } }])
    await server.reply('GET /api/v1/pods?watch=true&labelSelector=(')
    expect(events().map(({ stage, responseStatus }) => [stage, responseStatus?.code])).toEqual([
      ['RequestReceived', undefined],
      ['ResponseStarted', 400],
      ['ResponseComplete', 400],
    ])
  })

  test('in process is recorded too', async () => {
    await start('{omitStages: [RequestReceived], rules: [{level: Request}]}')
    const client = new Client(server.server.transport({ name: 'robot', groups: ['system:masters'] }))
    const target = { namespace: 'default', name: 'p' }
    await expect(client.get(pods, target)).rejects.toThrow('not found')
    expect(events()).toMatchObject([
      { user: { username: 'robot' }, sourceIPs: [], verb: 'get', responseStatus: { code: 404 } },
    ])
    const metadata = { namespace: 'default', name: 'a' }
    await client.create(configMaps, { metadata, data: { k: 'v' } })
    expect(events()).toMatchObject([{ verb: 'create', requestObject: { data: { k: 'v' } } }])
  })

  test('for a Pod says which level was enforced and what another would say', async () => {
    await start(
      '{omitStages: [RequestReceived], rules: [{level: Metadata, resources: [{resources: [pods]}]}]}',
    )
    const labels = {
      'pod-security.kubernetes.io/audit': 'baseline',
      'pod-security.kubernetes.io/enforce-version': 'v1.30',
    }
    await server.ask('POST /api/v1/namespaces', { metadata: { name: 'team', labels } })
    await server.ask('POST /api/v1/namespaces/team/serviceaccounts', { metadata: { name: 'default' } })
    const spec = { hostNetwork: true, containers: [{ name: 'a', image: 'a' }] }
    await server.ask('POST /api/v1/namespaces/team/pods', { metadata: { name: 'p' }, spec })
    expect(events()).toMatchObject([
      {
        responseStatus: { code: 201 },
        annotations: {
          'pod-security.kubernetes.io/audit-violations':
            'would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
          'pod-security.kubernetes.io/enforce-policy': 'privileged:v1.30',
        },
      },
    ])
  })

  test('is counted', async () => {
    await start('rules: [{level: Metadata, verbs: [get]}]')
    await server.ask('GET /api/v1/nodes')
    await server.ask('GET /api/v1/nodes/n')
    const { text } = await server.ask('GET /metrics')
    expect(text.split('\n').filter(line => line.startsWith('apiserver_audit'))).toEqual([
      'apiserver_audit_error_total{plugin="log"} 3',
      'apiserver_audit_event_total 3',
      'apiserver_audit_level_total{level="None"} 1',
      'apiserver_audit_level_total{level="Metadata"} 2',
    ])
  })
})
