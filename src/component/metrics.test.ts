import { expect, test } from 'vitest'
import { Counter, formatMetrics, Gauge, Histogram, processMetrics } from './metrics.ts'

const textOf = (metric: { collect(): Parameters<typeof formatMetrics>[0][number] }) =>
  formatMetrics([metric.collect()])

test('A counter adds up, each set of labels for itself', () => {
  const counter = new Counter({ name: 'requests_total', help: 'Requests.', labels: ['verb', 'code'] })
  expect(textOf(counter)).toBe('')
  counter.add(1, 'get', '200')
  counter.add(2, 'get', '200')
  counter.add(1, 'li"st\n', '404')
  expect(textOf(counter)).toBe(
    '# HELP requests_total Requests.\n' +
      '# TYPE requests_total counter\n' +
      'requests_total{verb="get",code="200"} 3\n' +
      'requests_total{verb="li\\"st\\n",code="404"} 1\n',
  )
})

test('A gauge is read when it is asked for', () => {
  let value = 1
  const gauge = new Gauge({ name: 'running', help: 'Running.' }, () => value)
  value = 7
  expect(textOf(gauge)).toContain('running 7\n')
})

test('A histogram counts what is at most each bound', () => {
  const histogram = new Histogram({ name: 'seconds', help: 'S.', labels: ['verb'], bounds: [0.1, 1] })
  for (const seconds of [0.1, 0.5, 5]) histogram.observe(seconds, 'get')
  expect(textOf(histogram)).toBe(
    '# HELP seconds S.\n' +
      '# TYPE seconds histogram\n' +
      'seconds_bucket{verb="get",le="0.1"} 1\n' +
      'seconds_bucket{verb="get",le="1"} 2\n' +
      'seconds_bucket{verb="get",le="+Inf"} 3\n' +
      'seconds_sum{verb="get"} 5.6\n' +
      'seconds_count{verb="get"} 3\n',
  )
})

test('A process knows its memory and its time', () => {
  const text = formatMetrics(processMetrics().map(metric => metric.collect()))
  expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m)
  expect(text).toMatch(/^process_cpu_seconds_total \d/m)
})
