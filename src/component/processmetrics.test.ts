import { expect, test } from 'vitest'
import { parseExposition } from './exposition.fake.ts'
import { formatMetrics } from './metrics.ts'
import { processMetrics } from './processmetrics.ts'

test('A process knows its memory, its time, its files and how busy its event loop is', () => {
  const families = parseExposition(formatMetrics(processMetrics().map(metric => metric.collect())))
  const types = Object.fromEntries([...families.values()].map(({ name, type }) => [name, type]))
  expect(types).toMatchObject({
    process_cpu_seconds_total: 'counter',
    process_resident_memory_bytes: 'gauge',
    process_start_time_seconds: 'gauge',
    nodejs_eventloop_active_seconds_total: 'counter',
    nodejs_eventloop_idle_seconds_total: 'counter',
    nodejs_heap_size_total_bytes: 'gauge',
    nodejs_heap_size_used_bytes: 'gauge',
    nodejs_external_memory_bytes: 'gauge',
  })
  const value = (name: string) => families.get(name)?.samples[0]?.value
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6)
  expect(value('process_start_time_seconds')).toBeGreaterThan(1.7e9)
  expect(families.get('nodejs_version_info')?.samples[0]?.labels).toEqual({ version: process.version })
})
