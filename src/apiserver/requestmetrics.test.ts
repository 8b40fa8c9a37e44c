import { expect, test } from 'vitest'
import { collect, openTestServer } from './apiserver.fake.ts'

test('/metrics counts requests as upstream does, and those that go on while they do', async () => {
  const server = await openTestServer()
  await server.ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })
  await server.ask('GET /api/v1/namespaces/default/configmaps/a')
  await server.ask('GET /api/v1/namespaces/default/configmaps/b')
  await server.ask('GET /healthz/ping')
  const watch = collect(await server.reply('GET /api/v1/configmaps?watch=true'))
  const { text, contentType } = await server.ask('GET /metrics')
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  const configMaps = 'group="",version="v1",resource="configmaps",subresource=""'
  for (const line of [
    `apiserver_request_total{verb="CREATE",${configMaps},scope="namespace",code="201"} 1`,
    `apiserver_request_total{verb="GET",${configMaps},scope="resource",code="200"} 1`,
    `apiserver_request_total{verb="GET",${configMaps},scope="resource",code="404"} 1`,
    `apiserver_request_duration_seconds_count{verb="GET",${configMaps},scope="resource"} 2`,
    `apiserver_request_duration_seconds_bucket{verb="GET",${configMaps},scope="resource",le="0.005"} 2`,
    'apiserver_request_total{verb="GET",group="",version="",resource="",subresource="/healthz",scope="",code="200"} 1',
    'apiserver_current_inflight_requests{request_kind="readOnly"} 1',
    'apiserver_current_inflight_requests{request_kind="mutating"} 0',
    'apiserver_longrunning_requests 1',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  watch.close()
  expect((await server.ask('GET /metrics')).text).toContain('apiserver_longrunning_requests 0\n')
  await server.close()
})
