import { expect, test } from 'vitest'
import { configMaps } from '../api/resources/core/configmap.ts'
import { admin, openTestServer } from '../apiserver/apiserver.fake.ts'
import { systemClock } from '../component/clock.ts'
import { startCollector, treeOf } from '../component/collector.fake.ts'
import { OTLPTracer } from '../component/otlptracer.ts'
import { Client } from './client.ts'
import { tracedTransport, tracingHeaders } from './tracedtransport.ts'

test('What a component asks is part of what it does, and names that to servers elsewhere', async () => {
  const collector = await startCollector()
  const { endpoint } = collector
  const tracer = new OTLPTracer({ endpoint, serviceName: 'a', serviceVersion: '1', clock: systemClock })
  const { server, close } = await openTestServer({ tracer })
  const client = new Client(tracedTransport(server.transport(admin), tracer))
  const headers = tracingHeaders(tracer)
  expect(headers()).toEqual({})
  await tracer.run('work', {}, async ({ traceparent }) => {
    expect(headers()).toEqual({ traceparent })
    await client.create(configMaps, { metadata: { namespace: 'default', name: 'a' } })
    await client.get(configMaps, { namespace: 'default', name: 'b' }).catch(() => undefined)
    const watch = await client.watch(configMaps, {}, { onEvents: () => undefined, onEnd: () => undefined })
    watch.close()
  })
  await tracer.close()
  const tree = treeOf(collector.spans)
  expect(tree.filter(line => !line.startsWith('    '))).toEqual(['work', '  POST', '  GET', '  GET'])
  expect(tree).toContain('    store create')
  expect(collector.spans.filter(({ kind }) => kind === 3).map(({ attributes }) => attributes)).toMatchObject([
    { 'url.path': '/api/v1/namespaces/default/configmaps', 'http.response.status_code': 201 },
    { 'url.path': '/api/v1/namespaces/default/configmaps/b', 'http.response.status_code': 404 },
    { 'url.path': '/api/v1/configmaps' },
  ])
  await close()
  await collector.close()
})
