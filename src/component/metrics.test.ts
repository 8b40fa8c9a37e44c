import { expect, test } from 'vitest'
import { parseExposition } from './exposition.fake.ts'
import { Counter, formatMetrics, Gauge, Histogram, MetricSet } from './metrics.ts'

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

test('Who counts often finds the series once', () => {
  const counter = new Counter({ name: 'requests_total', help: 'Requests.', labels: ['verb'] })
  const gets = counter.of('get')
  gets.add(1)
  gets.add(2)
  counter.add(4, 'get')
  expect(textOf(counter)).toContain('requests_total{verb="get"} 7\n')
  const histogram = new Histogram({ name: 'seconds', help: 'S.', labels: ['verb'], bounds: [1] })
  histogram.of('get').observe(2)
  expect(textOf(histogram)).toContain('seconds_count{verb="get"} 1\n')
})

test('A set shows its families once, by name, whoever adds to them', () => {
  const set = new MetricSet()
  const depth = (name: string, value: number) =>
    new Gauge({ name: 'workqueue_depth', help: 'Keys that wait.' }, () => [{ labels: { name }, value }])
  set.add(depth('deployment', 2))
  set.add(new Gauge({ name: 'up', help: 'Running.', type: 'counter' }, () => Number.POSITIVE_INFINITY))
  const gone = set.add(depth('gone', 1))
  set.add(depth('job', 3))
  set.delete(gone)
  expect(formatMetrics(set.collect())).toBe(
    '# HELP up Running.\n' +
      '# TYPE up counter\n' +
      'up +Inf\n' +
      '# HELP workqueue_depth Keys that wait.\n' +
      '# TYPE workqueue_depth gauge\n' +
      'workqueue_depth{name="deployment"} 2\n' +
      'workqueue_depth{name="job"} 3\n',
  )
})

test('What parts share is made once', () => {
  const set = new MetricSet()
  const make = () => set.add(new Counter({ name: 'adds_total', help: 'Adds.' }))
  set.once('adds', make).add(1)
  set.once('adds', make).add(1)
  expect(formatMetrics(set.collect())).toContain('adds_total 2\n')
})

test('Text with line ends, quotes and backslashes stays what it was', () => {
  const gauge = new Gauge({ name: 'odd', help: 'A\nB\\C' }, () => [
    { labels: { path: 'a"b\\c\nd' }, value: Number.NaN },
  ])
  const odd = parseExposition(textOf(gauge)).get('odd')
  expect(odd?.help).toBe('A\\nB\\\\C')
  expect(odd?.samples).toEqual([{ name: 'odd', labels: { path: 'a"b\\c\nd' }, value: Number.NaN }])
})

test('What a collector would refuse is found', () => {
  const head = '# HELP a A.\n# TYPE a gauge\n'
  for (const [text, problem] of [
    [`${head}a 1`, 'the last line does not end'],
    [`${head}a 1\na 2\n`, 'a series twice: a 2'],
    [`${head}b 1\n`, 'a sample outside its family: b 1'],
    [`${head}a{x="1} 1\n`, 'broken labels: a{x="1} 1'],
    [`${head}a one\n`, 'no sample: a one'],
    [`${head}a 1\n${head}`, 'a family twice: # TYPE a gauge'],
    ['# TYPE a gauge\na 1\n', 'no help: # TYPE a gauge'],
    [
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_count 1\n',
      'a broken histogram: h {}',
    ],
  ]) {
    expect(() => parseExposition(text!)).toThrow(problem)
  }
})
