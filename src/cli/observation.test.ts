import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tracingSettings } from './observation.ts'

const written = (text: string) => {
  const file = join(mkdtempSync(join(tmpdir(), 'futago-tracing-')), 'tracing.yaml')
  writeFileSync(file, text)
  return file
}

test('Without an endpoint nothing is traced', async () => {
  expect(await tracingSettings(undefined, {})).toBeUndefined()
  expect(await tracingSettings(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBeUndefined()
  const off = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' }
  expect(await tracingSettings(undefined, off)).toBeUndefined()
})

test("OpenTelemetry's environment variables say where traces go", async () => {
  expect(await tracingSettings(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://[::1]:4318/' })).toEqual({
    endpoint: 'http://[::1]:4318/v1/traces',
    headers: {},
    serviceName: 'futago',
    samplingRatio: 1,
  })
  const all = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c.example/otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://unused:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20x,tenant=a=b',
    OTEL_SERVICE_NAME: 'twins',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  }
  expect(await tracingSettings(undefined, all)).toEqual({
    endpoint: 'https://c.example/otlp',
    headers: { authorization: 'Bearer x', tenant: 'a=b' },
    serviceName: 'twins',
    samplingRatio: 0.25,
  })
})

test("kube-apiserver's TracingConfiguration says it too, and wins", async () => {
  const file = written(
    'kind: TracingConfiguration\nendpoint: collector:4318\nsamplingRatePerMillion: 100000\n',
  )
  expect(await tracingSettings(file, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://unused:4318' })).toEqual({
    endpoint: 'http://collector:4318/v1/traces',
    serviceName: 'futago',
    samplingRatio: 0.1,
  })
})

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }, 'the endpoint collector/v1/traces is no URL'],
  [
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '7',
    },
    'OTEL_TRACES_SAMPLER_ARG is 7, expected a number from 0 to 1',
  ],
])('Settings that cannot be followed are named: %j', async (environment, message) => {
  await expect(tracingSettings(undefined, environment)).rejects.toThrow(message)
})

test.each(['kind: Other\n', 'kind: TracingConfiguration\nsamplingRatePerMillion: 2000000\n', '{', ''])(
  'A file that is no TracingConfiguration is refused: %j',
  async text => {
    await expect(tracingSettings(written(text), {})).rejects.toThrow('expected kind: TracingConfiguration')
  },
)
