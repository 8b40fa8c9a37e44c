import { expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import { formatMetrics, MetricSet } from '../../component/metrics.ts'
import { operationOf, RuntimeMetrics } from './runtimemetrics.ts'

test.each([
  ['/runtime.v1.RuntimeService/RunPodSandbox', 'run_podsandbox'],
  ['/runtime.v1.RuntimeService/ListPodSandbox', 'list_podsandbox'],
  ['/runtime.v1.RuntimeService/CreateContainer', 'create_container'],
  ['/runtime.v1.RuntimeService/ExecSync', 'exec_sync'],
  ['/runtime.v1.ImageService/PullImage', 'pull_image'],
  ['/runtime.v1.RuntimeService/Version', 'version'],
])('The call %s is the operation %s', (path, operation) => {
  expect(operationOf(path)).toBe(operation)
})

test('Calls of the runtime are counted, timed, and counted again when they fail', async () => {
  const clock = new FakeClock()
  const set = new MetricSet()
  const metrics = new RuntimeMetrics(set, clock)
  expect(await metrics.measure('/x/PullImage', () => clock.advance(1000).then(() => 'sha256:1'))).toBe(
    'sha256:1',
  )
  await expect(metrics.measure('/x/PullImage', () => Promise.reject(new Error('gone')))).rejects.toThrow(
    'gone',
  )
  const lines = formatMetrics(set.collect()).split('\n')
  expect(lines).toContain('kubelet_runtime_operations_total{operation_type="pull_image"} 2')
  expect(lines).toContain('kubelet_runtime_operations_errors_total{operation_type="pull_image"} 1')
  expect(lines).toContain('kubelet_runtime_operations_duration_seconds_sum{operation_type="pull_image"} 1')
})
