import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../component/clock.ts'
import { startCollector, treeOf } from '../component/collector.fake.ts'
import { OTLPTracer } from '../component/otlptracer.ts'
import { openTestServer } from './apiserver.fake.ts'
import { parseQuery } from './query.ts'
import { parseRequestInfo } from './requestinfo.ts'
import { routeOf } from './tracing.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start() {
  const collector = await startCollector()
  const { endpoint } = collector
  const tracer = new OTLPTracer({ endpoint, serviceName: 'futago', serviceVersion: '1', clock: systemClock })
  const server = await openTestServer({ tracer, rbac: true })
  closing.push(collector.close, server.close)
  const spans = async () => {
    await tracer.close()
    return collector.spans
  }
  return { server, spans }
}

test("A request is a span below its client's, and below it are its steps", async () => {
  const { server, spans } = await start()
  const parent = 'b7ad6b7169203331'
  const headers = {
    traceparent: `00-0af7651916cd43dd8448eb211c80319c-${parent}-01`,
    'user-agent': 'kubectl/v1.34.0',
    'audit-id': 'a1',
  }
  await server.ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'before' } })
  const body = { metadata: { name: 'a' } }
  const answered = await server.ask('POST /api/v1/namespaces/default/configmaps', body, { headers })
  expect(answered.status).toBe(201)
  const found = await spans()
  expect(treeOf(found, parent)).toEqual([
    'POST /api/v1/namespaces/{namespace}/configmaps',
    '  authenticate',
    '  authorize',
    '  NamespaceLifecycle admit',
    '  ResourceQuota validate',
    '  store create',
  ])
  expect(found.find(({ parentSpanId }) => parentSpanId === parent)).toMatchObject({
    kind: 2,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/namespaces/{namespace}/configmaps',
      'http.response.status_code': 201,
      'url.path': '/api/v1/namespaces/default/configmaps',
      'user_agent.original': 'kubectl/v1.34.0',
      'audit-id': 'a1',
    },
    status: {},
  })
  expect(found.findLast(({ name }) => name === 'store create')?.attributes).toEqual({
    'db.operation.name': 'create',
    'db.collection.name': '/registry/configmaps/default/a',
  })
})

test('A refusal is no error of the server, and says in which step it was', async () => {
  const { server, spans } = await start()
  const user = { name: 'nobody', groups: [] }
  expect((await server.ask('GET /api/v1/secrets', undefined, { user })).status).toBe(403)
  const found = await spans()
  const [request] = found.filter(({ kind }) => kind === 2)
  expect(request).toMatchObject({ attributes: { 'http.response.status_code': 403 }, status: {} })
  const [authorize] = found.filter(({ name }) => name === 'authorize')
  expect(authorize?.status.message).toContain('User "nobody" cannot list resource "secrets"')
})

test.each([
  ['/api/v1/namespaces/a/pods/b/log', '/api/v1/namespaces/{namespace}/pods/{name}/log'],
  ['/apis/apps/v1/deployments', '/apis/apps/v1/deployments'],
  ['/api/v1/namespaces/a', '/api/v1/namespaces/{name}'],
  ['/api/v1/nodes/n', '/api/v1/nodes/{name}'],
  ['/healthz/ping', '/healthz'],
  ['/', '/'],
])('%s is a request of %s', (path, route) => {
  expect(routeOf(parseRequestInfo('GET', path, parseQuery('')))).toBe(route)
})
