import { expect, test } from 'vitest'
import { FakeClock } from '../component/clock.ts'
import { parseExposition } from '../component/exposition.fake.ts'
import { formatMetrics, MetricSet } from '../component/metrics.ts'
import { WorkQueue } from './workqueue.ts'
import { queueMeter } from './workqueuemetrics.ts'

test('A queue says how many keys wait, how long they did, and how long the work takes', async () => {
  const clock = new FakeClock()
  const metrics = new MetricSet()
  const open = (name: string) => new WorkQueue({ clock, meter: queueMeter(metrics, name, clock) })
  const lines = () => {
    const text = formatMetrics(metrics.collect())
    parseExposition(text)
    return text.split('\n')
  }
  const queue = open('deployment')
  open('job')
  queue.add('a')
  queue.add('a')
  queue.add('b')
  await clock.advance(50)
  await queue.take()
  await clock.advance(2000)
  for (const line of [
    'workqueue_adds_total{name="deployment"} 2',
    'workqueue_depth{name="deployment"} 1',
    'workqueue_depth{name="job"} 0',
    'workqueue_queue_duration_seconds_bucket{name="deployment",le="0.1"} 1',
    'workqueue_queue_duration_seconds_bucket{name="deployment",le="0.01"} 0',
    'workqueue_unfinished_work_seconds{name="deployment"} 2',
    'workqueue_longest_running_processor_seconds{name="deployment"} 2',
  ]) {
    expect(lines()).toContain(line)
  }
  queue.addRateLimited('a')
  queue.done('a')
  expect(lines()).toContain('workqueue_retries_total{name="deployment"} 1')
  expect(lines()).toContain('workqueue_work_duration_seconds_sum{name="deployment"} 2')
  await queue.shutDown()
  expect(lines()).not.toContain('workqueue_depth{name="deployment"} 0')
  const again = open('deployment')
  again.add('c')
  expect(lines()).toContain('workqueue_adds_total{name="deployment"} 3')
})

test('Where nobody measures there is no meter', () => {
  expect(queueMeter(undefined, 'deployment', new FakeClock())).toBe(undefined)
})
