// What every process tells about itself: Prometheus' `process_*`, and Node's own figures under the names of
// prom-client. Read when asked for: nothing runs in between.
import { readdirSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { Gauge, type Metric } from './metrics.ts'

/** Undefined where there is no /proc. */
function read<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

const some = (value: number | undefined) => (value === undefined ? [] : [{ labels: {}, value }])

const maxOpenFiles = () => {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
  return limit ? Number(limit[1]) : undefined
}

const virtualBytes = () => {
  const size = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return size ? Number(size[1]) * 1024 : undefined
}

function osMetrics(startedSeconds: number): Metric[] {
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }
  const cpuHelp = 'Total user and system CPU time spent in seconds.'
  return [
    new Gauge({ name: 'process_cpu_seconds_total', type: 'counter', help: cpuHelp }, cpuSeconds),
    new Gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.' }, () =>
      process.memoryUsage.rss(),
    ),
    new Gauge({ name: 'process_virtual_memory_bytes', help: 'Virtual memory size in bytes.' }, () =>
      some(read(virtualBytes)),
    ),
    new Gauge({ name: 'process_open_fds', help: 'Number of open file descriptors.' }, () =>
      some(read(() => readdirSync('/proc/self/fd').length)),
    ),
    new Gauge({ name: 'process_max_fds', help: 'Maximum number of open file descriptors.' }, () =>
      some(read(maxOpenFiles)),
    ),
    new Gauge(
      { name: 'process_start_time_seconds', help: 'Start time of the process since unix epoch in seconds.' },
      () => startedSeconds,
    ),
  ]
}

function nodeMetrics(): Metric[] {
  const loop = (state: 'active' | 'idle') => () => performance.eventLoopUtilization()[state] / 1000
  const memory = (kind: 'heapTotal' | 'heapUsed' | 'external') => () => process.memoryUsage()[kind]
  return [
    new Gauge(
      {
        name: 'nodejs_eventloop_active_seconds_total',
        type: 'counter',
        help: 'Time for which the event loop was busy, in seconds.',
      },
      loop('active'),
    ),
    new Gauge(
      {
        name: 'nodejs_eventloop_idle_seconds_total',
        type: 'counter',
        help: 'Time for which the event loop waited for something to do, in seconds.',
      },
      loop('idle'),
    ),
    new Gauge(
      { name: 'nodejs_heap_size_total_bytes', help: 'Size of the heap in bytes.' },
      memory('heapTotal'),
    ),
    new Gauge({ name: 'nodejs_heap_size_used_bytes', help: 'Bytes used of the heap.' }, memory('heapUsed')),
    new Gauge(
      { name: 'nodejs_external_memory_bytes', help: 'Bytes held outside the heap.' },
      memory('external'),
    ),
    new Gauge({ name: 'nodejs_version_info', help: 'The version of Node.js.' }, () => [
      { labels: { version: process.version }, value: 1 },
    ]),
  ]
}

/** The metrics that every process has. */
export const processMetrics = (): Metric[] => [
  ...osMetrics(Math.round(performance.timeOrigin / 1000)),
  ...nodeMetrics(),
]
