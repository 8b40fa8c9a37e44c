import { afterEach, expect, test } from 'vitest'
import { FakeClock, systemClock } from './clock.ts'
import { startCollector, treeOf } from './collector.fake.ts'
import { OTLPTracer, type OTLPTracerOptions, parseTraceparent } from './otlptracer.ts'
import { runBelow } from './tracing.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: Partial<OTLPTracerOptions> = {}, answer?: (index: number) => number) {
  const collector = await startCollector(answer)
  closing.push(collector.close)
  const errors: string[] = []
  const tracer = new OTLPTracer({
    endpoint: collector.endpoint,
    serviceName: 'test',
    serviceVersion: '1',
    clock: systemClock,
    onError: error => void errors.push((error as Error).message),
    ...options,
  })
  const count = (name: 'exported' | 'dropped') =>
    tracer.metrics
      .map(metric => metric.collect())
      .find(family => family.name === `futago_trace_spans_${name}_total`)?.samples[0]?.value
  return { collector, tracer, errors, count }
}

test('Spans reach the collector as OTLP, each below the one that was active', async () => {
  const { collector, tracer, count } = await start({ headers: { authorization: 'Bearer x' } })
  await tracer.run(
    'outer',
    { kind: 'server', attributes: { path: '/a', count: 2, ratio: 0.5 } },
    async span => {
      span.set({ ok: true })
      await tracer.run('inner', {}, async () => tracer.start('leaf').end())
      await expect(tracer.run('broken', {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
      await tracer.run('other', { isRoot: true }, async () => undefined)
    },
  )
  await tracer.close()
  expect(treeOf(collector.spans)).toEqual(['other', 'outer', '  inner', '    leaf', '  broken'])
  const [outer] = collector.spans.filter(({ name }) => name === 'outer')
  expect(outer).toMatchObject({
    kind: 2,
    service: 'test',
    attributes: { path: '/a', count: 2, ratio: 0.5, ok: true },
    status: {},
  })
  expect(collector.spans.find(({ name }) => name === 'broken')?.status).toEqual({ code: 2, message: 'no' })
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(2)
  expect(collector.requests).toEqual([{ url: '/v1/traces', authorization: 'Bearer x' }])
  expect(count('exported')).toBe(5)
})

test("A client's traceparent decides which trace it is and whether it is recorded", async () => {
  const { collector, tracer } = await start({ samplingRatio: 0 })
  const traceID = '0af7651916cd43dd8448eb211c80319c'
  const sampled = `00-${traceID}-b7ad6b7169203331-01`
  const work = async () => {
    await runBelow(tracer, 'below', { attributes: {}, work: async () => undefined })
    return tracer.active?.traceparent
  }
  expect(await tracer.run('sampled', { traceparent: sampled }, work)).toMatch(
    new RegExp(`^00-${traceID}-[0-9a-f]{16}-01$`),
  )
  const unsampled = `00-${traceID}-b7ad6b7169203331-00`
  expect(await tracer.run('not sampled', { traceparent: unsampled }, work)).toMatch(/-00$/)
  expect(await tracer.run('of its own', {}, work)).toMatch(/-00$/)
  await work()
  await tracer.close()
  expect(treeOf(collector.spans, 'b7ad6b7169203331')).toEqual(['sampled', '  below'])
  expect(collector.spans).toHaveLength(2)
})

test.each([
  undefined,
  '',
  'nonsense',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331',
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
])('%j is no traceparent', text => {
  expect(parseTraceparent(text)).toBeUndefined()
})

test('Spans go after a second, or at once when there are many', async () => {
  const clock = new FakeClock()
  const { collector, tracer } = await start({ clock })
  tracer.start('first').end()
  await clock.advance(999)
  expect(collector.requests).toHaveLength(0)
  await clock.advance(1)
  await expect.poll(() => collector.spans.length).toBe(1)
  for (let index = 0; index < 512; index++) tracer.start('many').end()
  await expect.poll(() => collector.spans.length).toBe(513)
})

test('What a collector does not take is counted, and so is what it is too slow for', async () => {
  const { collector, tracer, errors, count } = await start({}, index => (index === 0 ? 503 : 200))
  for (let index = 0; index < 6000; index++) tracer.start('span').end()
  await tracer.close()
  expect(errors).toEqual([`Cannot hand over traces to ${collector.endpoint}: it answered 503`])
  expect(count('dropped')).toBe(6000 - 4096 + 512)
  expect(count('exported')).toBe(4096 - 512)
  expect(collector.spans).toHaveLength(4096 - 512)
})
