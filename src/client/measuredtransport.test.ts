import { expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { admin, openTestServer } from '../apiserver/apiserver.fake.ts'
import { formatMetrics, MetricSet } from '../component/metrics.ts'
import { Client } from './client.ts'
import { measuredTransport } from './measuredtransport.ts'

test('What a component asks is counted by what came of it', async () => {
  const { server, clock, close } = await openTestServer()
  const metrics = new MetricSet()
  const host = '[fd00::1]:6443'
  const client = new Client(measuredTransport(server.transport(admin), { metrics, clock, host }))
  await client.create(configMaps, { metadata: { namespace: 'default', name: 'a' } })
  await client.get(configMaps, { namespace: 'default', name: 'b' }).catch(() => undefined)
  const watch = await client.watch(configMaps, {}, { onEvents: () => undefined, onEnd: () => undefined })
  watch.close()
  const broken = {
    request: () => Promise.reject(new Error('ECONNREFUSED')),
    watch: server.transport(admin).watch,
  }
  const lost = new Client(measuredTransport(broken, { metrics, clock, host }))
  await expect(lost.list(configMaps)).rejects.toThrow('ECONNREFUSED')
  const lines = formatMetrics(metrics.collect()).split('\n')
  for (const line of [
    `rest_client_requests_total{code="201",method="POST",host="${host}"} 1`,
    `rest_client_requests_total{code="404",method="GET",host="${host}"} 1`,
    `rest_client_requests_total{code="200",method="GET",host="${host}"} 1`,
    `rest_client_requests_total{code="<error>",method="GET",host="${host}"} 1`,
    `rest_client_request_duration_seconds_count{verb="GET",host="${host}"} 3`,
  ]) {
    expect(lines).toContain(line)
  }
  await close()
})
