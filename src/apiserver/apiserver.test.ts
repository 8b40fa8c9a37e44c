import { afterAll, beforeAll, expect, test } from 'vitest'
import { resources } from '../api/resources/index.ts'
import { openTestServer } from './apiserver.fake.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
const maps = '/api/v1/namespaces/default/configmaps'

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server.close())

test('Who is not known gets 401, except for health and version', async () => {
  const nobody = { user: undefined }
  expect((await server.ask(`GET ${maps}`, undefined, nobody)).body).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Unauthorized',
    reason: 'Unauthorized',
    code: 401,
  })
  expect((await server.ask('GET /readyz', undefined, nobody)).text).toBe('ok')
  expect((await server.ask('GET /version', undefined, nobody)).body.gitVersion).toBe('v1.36.0')
})

test('A Service gets one ClusterIP per family through the allocation hooks', async () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'dual' },
    spec: { ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }] },
  }
  const created = await server.ask('POST /api/v1/namespaces/default/services', service)
  expect(created.status).toBe(201)
  expect(created.body.spec).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'] })
})

test('Who shows no credentials sees how the server is and its version, and nothing else', async () => {
  const server = await openTestServer({ rbac: true })
  const { paths } = (await server.ask('GET /')).body as { paths?: string[] }
  const collections = resources.map(({ group, version, resource }) =>
    group === '' ? `/api/${version}/${resource}` : `/apis/${group}/${version}/${resource}`,
  )
  expect(paths!.length).toBeGreaterThan(50)
  const seen: string[] = []
  for (const path of [
    ...paths!,
    ...collections,
    '/',
    '/version/',
    '/versions',
    '/healthzz',
    '/debug/pprof/',
  ]) {
    const { status } = await server.ask(`GET ${path}`, undefined, { user: undefined })
    if (status !== 403) seen.push(path)
  }
  const roots = new Set(seen.map(path => path.split('/')[1]))
  expect([...roots].sort()).toEqual(['healthz', 'livez', 'readyz', 'version'])
  expect(seen.filter(path => path.startsWith('/version'))).toEqual(['/version', '/version/'])
  await server.close()
})

test('Who shows no credentials may do what roles say, unless that is turned off', async () => {
  const subjects = [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:unauthenticated' }]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:discovery' }
  const statuses = async (options: Parameters<typeof openTestServer>[0], target: string) => {
    const server = await openTestServer({ rbac: true, ...options })
    const ask = async () => (await server.ask(`GET ${target}`, undefined, { user: undefined })).status
    const before = await ask()
    const binding = { metadata: { name: 'strangers' }, subjects, roleRef }
    await server.ask('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding)
    const after = await ask()
    await server.close()
    return [before, after]
  }
  expect(await statuses({}, '/apis')).toEqual([403, 200])
  expect(await statuses({}, '/api/v1/secrets')).toEqual([403, 403])
  expect(await statuses({ anonymous: { enabled: false } }, '/apis')).toEqual([401, 401])
  expect(await statuses({ anonymous: { enabled: false } }, '/livez')).toEqual([401, 401])
  expect(await statuses({ anonymous: { enabled: true, paths: ['/livez'] } }, '/apis')).toEqual([401, 401])
  expect(await statuses({ rbac: false }, '/apis')).toEqual([401, 401])
})
