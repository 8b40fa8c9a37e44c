import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { OTLPTracer } from './otlptracer.ts'
import { runBelow } from './tracing.ts'

test('Small work is a span only as part of something that is traced', async () => {
  const endpoint = 'http://localhost:1/'
  const tracer = new OTLPTracer({ endpoint, serviceName: 'a', serviceVersion: '1', clock: systemClock })
  const active = async () => tracer.active?.traceparent.slice(0, 35)
  const below = () => runBelow(tracer, 'small', { attributes: {}, work: active })
  expect(await below()).toBeUndefined()
  const [outer, inner] = await tracer.run('large', {}, async () => [await active(), await below()])
  expect(outer).toBe(inner)
  await tracer.close()
})
