import { expect, test } from 'vitest'
import { parseExposition } from '../../component/exposition.fake.ts'
import { Gauge, MetricSet } from '../../component/metrics.ts'
import { admin, collect, openTestServer } from '../apiserver.fake.ts'
import { ServerRequest } from '../request.ts'

type Server = Awaited<ReturnType<typeof openTestServer>>

const scrape = async (server: Server) => {
  const { text, contentType } = await server.ask('GET /metrics')
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  return { text, lines: text.split('\n'), families: parseExposition(text) }
}

const configMap = (name: string) => ({ metadata: { name } })

test('/metrics counts requests as upstream does, and those that go on while they do', async () => {
  const server = await openTestServer()
  await server.ask('POST /api/v1/namespaces/default/configmaps', configMap('a'))
  await server.ask('POST /api/v1/namespaces/default/configmaps?dryRun=All', configMap('b'))
  await server.ask('GET /api/v1/namespaces/default/configmaps/a')
  await server.ask('GET /api/v1/namespaces/default/configmaps/b')
  await server.ask('GET /api/v1/namespaces/default/configmaps')
  await server.ask('GET /healthz/ping')
  const watch = collect(await server.reply('GET /api/v1/configmaps?watch=true'))
  const { lines } = await scrape(server)
  const of = (dryRun: string) =>
    `dry_run="${dryRun}",group="",version="v1",resource="configmaps",subresource=""`
  const plain = 'group="",version="v1",resource="configmaps",subresource=""'
  const healthz = 'group="",version="",resource="",subresource="/healthz"'
  const [resource, namespace, cluster, none] = ['resource', 'namespace', 'cluster', ''].map(
    scope => `scope="${scope}",component="apiserver"`,
  )
  for (const line of [
    `apiserver_request_total{verb="POST",${of('')},${resource},code="201"} 1`,
    `apiserver_request_total{verb="POST",${of('All')},${resource},code="201"} 1`,
    `apiserver_request_total{verb="GET",${of('')},${resource},code="200"} 1`,
    `apiserver_request_total{verb="GET",${of('')},${resource},code="404"} 1`,
    `apiserver_request_total{verb="LIST",${of('')},${namespace},code="200"} 1`,
    `apiserver_request_total{verb="WATCH",${of('')},${cluster},code="200"} 1`,
    `apiserver_request_total{verb="GET",dry_run="",${healthz},${none},code="200"} 1`,
    `apiserver_request_duration_seconds_count{verb="GET",${of('')},${resource}} 2`,
    `apiserver_request_duration_seconds_bucket{verb="GET",${of('')},${resource},le="0.005"} 2`,
    `apiserver_request_sli_duration_seconds_count{verb="GET",${plain},${resource}} 2`,
    `apiserver_response_sizes_count{verb="LIST",${plain},${namespace}} 1`,
    `apiserver_longrunning_requests{verb="WATCH",${plain},${cluster}} 1`,
    'apiserver_current_inflight_requests{request_kind="readOnly"} 1',
    'apiserver_current_inflight_requests{request_kind="mutating"} 0',
  ]) {
    expect(lines).toContain(line)
  }
  watch.close()
  expect((await scrape(server)).text).not.toContain('apiserver_longrunning_requests{')
  await server.close()
})

test('A watch counts its events, a store what it was asked, a resource its objects', async () => {
  const server = await openTestServer()
  const watch = collect(await server.reply('GET /api/v1/configmaps?watch=true'))
  await server.ask('POST /api/v1/namespaces/default/configmaps', configMap('a'))
  await server.ask('POST /api/v1/namespaces/default/configmaps', configMap('a'))
  await new Promise(resolve => setImmediate(resolve))
  const { lines } = await scrape(server)
  const configMaps = 'group="",version="v1",resource="configmaps"'
  for (const line of [
    `apiserver_watch_events_total{${configMaps}} 1`,
    `apiserver_watch_events_sizes_bucket{${configMaps},le="1024"} 1`,
    'apiserver_resource_objects{group="",resource="configmaps"} 1',
    'apiserver_storage_objects{resource="configmaps"} 1',
    'etcd_requests_total{operation="list",group="",resource="configmaps"} 1',
    'etcd_requests_total{operation="create",group="",resource="configmaps"} 2',
    'etcd_request_errors_total{operation="create",group="",resource="configmaps"} 1',
    'etcd_request_duration_seconds_count{operation="create",group="",resource="configmaps"} 2',
  ]) {
    expect(lines).toContain(line)
  }
  watch.close()
  await server.close()
})

test('Lists say how much they looked at and found, deprecated APIs that they are used', async () => {
  const server = await openTestServer()
  for (const name of ['a', 'b', 'c']) {
    await server.ask('POST /api/v1/namespaces/default/configmaps', configMap(name))
  }
  await server.ask('GET /api/v1/configmaps?fieldSelector=metadata.name%3Da')
  await server.ask('GET /api/v1/namespaces/default/configmaps')
  await server.ask('GET /api/v1/endpoints')
  const { lines } = await scrape(server)
  for (const line of [
    'apiserver_cache_list_total{group="",resource="configmaps",index=""} 2',
    'apiserver_cache_list_fetched_objects_total{group="",resource="configmaps",index=""} 6',
    'apiserver_cache_list_returned_objects_total{group="",resource="configmaps"} 4',
    'apiserver_requested_deprecated_apis{group="",version="v1",resource="endpoints",subresource="",removed_release=""} 1',
  ]) {
    expect(lines).toContain(line)
  }
  expect(lines.filter(line => line.startsWith('apiserver_requested_deprecated_apis{'))).toHaveLength(1)
  await server.close()
})

test('Who gets in, who may and what admission plugins say is counted', async () => {
  const server = await openTestServer({ rbac: true })
  const nobody = { name: 'nobody', groups: [] }
  await server.ask('GET /api/v1/pods', undefined, { user: nobody })
  const headers = { authorization: 'Bearer unknown' }
  await server.ask('GET /api/v1/pods', undefined, { user: undefined, headers })
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  expect((await server.ask('POST /api/v1/namespaces/absent/pods', pod)).status).toBe(404)
  const { lines } = await scrape(server)
  const admission = 'operation="CREATE",type="admit",rejected="true"'
  for (const line of [
    'authentication_attempts{result="success"} 3',
    'authentication_attempts{result="failure"} 1',
    'authenticated_user_requests{username="other"} 1',
    'authenticated_user_requests{username="system"} 2',
    'authorization_attempts_total{result="allowed"} 2',
    'authorization_attempts_total{result="denied"} 1',
    `apiserver_admission_controller_admission_duration_seconds_count{name="NamespaceLifecycle",${admission}} 1`,
  ]) {
    expect(lines).toContain(line)
  }
  await server.close()
})

test('What is ended in self-defense is counted', async () => {
  const server = await openTestServer()
  const group = 'flowcontrol.apiserver.k8s.io'
  const limited = { nominalConcurrencyShares: 0, limitResponse: { type: 'Reject' } }
  await server.ask(`POST /apis/${group}/v1/prioritylevelconfigurations`, {
    metadata: { name: 'none' },
    spec: { type: 'Limited', limited },
  })
  const rules = [
    {
      subjects: [{ kind: 'User', user: { name: 'jane' } }],
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true }],
    },
  ]
  const spec = { priorityLevelConfiguration: { name: 'none' }, matchingPrecedence: 50, rules }
  await server.ask(`POST /apis/${group}/v1/flowschemas`, { metadata: { name: 'none' }, spec })
  const jane = { name: 'jane', groups: [] }
  expect((await server.ask('GET /api/v1/pods', undefined, { user: jane })).status).toBe(429)
  const { text } = await scrape(server)
  const about = 'group="",version="v1",resource="pods",subresource="",scope="cluster",component="apiserver"'
  expect(text.match(/^apiserver_request_terminations_total.*$/gm)).toEqual([
    `apiserver_request_terminations_total{verb="LIST",${about},code="429"} 1`,
  ])
  await server.close()
})

test('How long certificates of clients are still good is shown', async () => {
  const server = await openTestServer()
  const certificateExpiresMs = server.clock.now() + 3 * 24 * 3_600_000
  const init = { method: 'GET', target: '/api', certificateUser: admin, certificateExpiresMs }
  await server.server.handle(new ServerRequest(init))
  const { lines } = await scrape(server)
  const name = 'apiserver_client_certificate_expiration_seconds'
  for (const line of [
    `${name}_bucket{le="172800"} 0`,
    `${name}_bucket{le="345600"} 1`,
    `${name}_sum 259200`,
    `${name}_count 1`,
  ]) {
    expect(lines).toContain(line)
  }
  await server.close()
})

test('Whatever clients send, the number of series stays what it is', async () => {
  const server = await openTestServer()
  const seriesAfter = async (round: number) => {
    const odd = `x${round}`
    for (const line of [
      `GET /${odd}`,
      `GET /api/v1/${odd}`,
      `GET /api/${odd}/pods`,
      `GET /apis/${odd}.example.com/v1/namespaces/${odd}/${odd}/${odd}/${odd}`,
      `GET /api/v1/namespaces/${odd}/pods/${odd}`,
      `GET /api/v1/namespaces/default/pods/a/${odd}`,
      `GET /api/v1/configmaps?watch=true&resourceVersion=${odd}`,
      `${odd.toUpperCase()} /api/v1/namespaces/default/pods`,
      `DELETE /api/v1/namespaces/${odd}/pods/${odd}?dryRun=${odd}`,
      `GET /healthz/${odd}`,
      `GET /openapi/v3/${odd}`,
    ]) {
      await server.ask(line)
      await server.ask(line, undefined, { user: { name: odd, groups: [] } })
    }
    const { families } = await scrape(server)
    return [...families.values()].reduce((total, { samples }) => total + samples.length, 0)
  }
  await seriesAfter(0)
  const first = await seriesAfter(1)
  expect(await seriesAfter(2)).toBe(first)
  expect(await seriesAfter(3)).toBe(first)
  await server.close()
})

test('Every API server says what it is, and shows what the rest of its process measures', async () => {
  const metrics = new MetricSet()
  metrics.add(new Gauge({ name: 'workqueue_depth', help: 'Keys that wait.' }, () => 7))
  const server = await openTestServer({ metrics })
  const { lines, families } = await scrape(server)
  expect(families.get('kubernetes_build_info')?.samples[0]?.labels).toEqual({
    major: '1',
    minor: '36',
    git_version: 'v1.36.0',
    git_commit: '',
    git_tree_state: 'clean',
    build_date: '2026-01-01T00:00:00Z',
    go_version: 'go1.25',
    compiler: 'gc',
    platform: 'linux/amd64',
  })
  expect(lines).toContain('workqueue_depth 7')
  expect(lines).toContain('apiserver_tls_handshake_errors_total 0')
  expect(families.has('process_resident_memory_bytes')).toBe(true)
  await server.close()
})
