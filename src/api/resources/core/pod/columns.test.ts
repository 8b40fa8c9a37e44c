import { describe, expect, test } from 'vitest'
import type { Container, ContainerStatus, Pod, PodStatus } from '../../../generated/types.ts'
import { podColumns } from './columns.ts'

type Part = Partial<ContainerStatus>
const statusOf = (part: Part, index: number): ContainerStatus => ({
  name: `c${index}`,
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...part,
})
interface Sketch {
  readonly status?: PodStatus
  readonly containers?: Part[]
  readonly init?: Part[]
  readonly initPolicies?: (string | undefined)[]
  readonly deleted?: boolean
}

function podOf({ status = {}, containers = [], init = [], initPolicies = [], deleted }: Sketch): Pod {
  const initContainers: Container[] = init.map((_, index) => {
    const restartPolicy = initPolicies[index]
    return { name: `c${index}`, ...(restartPolicy && { restartPolicy }) }
  })
  return {
    metadata: { name: 'p', ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: { containers: containers.map((_, index) => ({ name: `c${index}` })), initContainers },
    status: {
      phase: 'Running',
      ...status,
      containerStatuses: containers.map(statusOf),
      initContainerStatuses: init.map(statusOf),
    },
  }
}

const nowMs = Date.parse('2026-01-01T00:10:00Z')
const row = (sketch: Sketch) => podColumns.slice(1, 4).map(column => column.cell(podOf(sketch), nowMs))

const running: Part = { ready: true, state: { running: {} } }
const ended = (exitCode: number, reason = '', signal?: number): Part => ({
  state: { terminated: { exitCode, reason, ...(signal && { signal }) } },
})
const waiting = (reason: string): Part => ({ state: { waiting: { reason } } })
const restarted: Part = {
  ...running,
  restartCount: 2,
  lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:05:00Z' } },
}
const initialized = { conditions: [{ type: 'Initialized', status: 'True' }] }
const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
const gated = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }

const rows: [string, Sketch, [string, string, string]][] = [
  ['runs', { containers: [running] }, ['1/1', 'Running', '0']],
  ['waits', { status: { phase: 'Pending' }, containers: [] }, ['0/0', 'Pending', '0']],
  ['is being made', { containers: [waiting('ContainerCreating')] }, ['0/1', 'ContainerCreating', '0']],
  [
    'crashes',
    { containers: [{ ...waiting('CrashLoopBackOff'), restartCount: 3 }] },
    ['0/1', 'CrashLoopBackOff', '3'],
  ],
  ['was restarted', { containers: [restarted] }, ['1/1', 'Running', '2 (5m ago)']],
  [
    'is done',
    { status: { phase: 'Succeeded' }, containers: [ended(0, 'Completed')] },
    ['0/1', 'Completed', '0'],
  ],
  ['failed without a reason', { containers: [ended(3)] }, ['0/1', 'ExitCode:3', '0']],
  ['was killed', { containers: [ended(137, '', 9)] }, ['0/1', 'Signal:9', '0']],
  ['was evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, ['0/0', 'Evicted', '0']],
  ['is held at a gate', { status: { phase: 'Pending', ...gated } }, ['0/0', 'SchedulingGated', '0']],
  [
    'has one done before one that runs',
    { status: ready, containers: [ended(0, 'Completed'), running] },
    ['1/2', 'Running', '0'],
  ],
  [
    'is not ready beside one that is done',
    { containers: [ended(0, 'Completed'), running] },
    ['1/2', 'NotReady', '0'],
  ],
  ['goes', { containers: [running], deleted: true }, ['1/1', 'Terminating', '0']],
  ['went with its node', { status: { reason: 'NodeLost' }, deleted: true }, ['0/0', 'Unknown', '0']],
  [
    'is done and goes',
    { status: { phase: 'Succeeded' }, containers: [ended(0, 'Completed')], deleted: true },
    ['0/1', 'Completed', '0'],
  ],
  ['prepares', { init: [ended(0), {}], containers: [waiting('PodInitializing')] }, ['0/1', 'Init:1/2', '0']],
  ['cannot prepare', { init: [ended(1, 'Error')], containers: [{}] }, ['0/1', 'Init:Error', '0']],
  ['cannot prepare, for no reason', { init: [ended(2)], containers: [{}] }, ['0/1', 'Init:ExitCode:2', '0']],
  [
    'cannot prepare again',
    { init: [{ ...waiting('CrashLoopBackOff'), restartCount: 4 }], containers: [{}] },
    ['0/1', 'Init:CrashLoopBackOff', '4'],
  ],
  [
    'waits for a sidecar',
    { init: [{}], initPolicies: ['Always'], containers: [{}] },
    ['0/2', 'Init:0/1', '0'],
  ],
  [
    'runs with a sidecar',
    { init: [{ ...restarted, started: true }], initPolicies: ['Always'], containers: [running] },
    ['2/2', 'Running', '2 (5m ago)'],
  ],
  [
    'forgets the restarts of preparations that are over',
    { init: [{ ...ended(0), restartCount: 7 }], containers: [running] },
    ['1/1', 'Running', '0'],
  ],
  [
    'prepares again though it was prepared',
    { status: initialized, init: [{}], containers: [running] },
    ['1/1', 'Init:0/1', '0'],
  ],
]

describe('the row of a Pod that', () => {
  for (const [name, sketch, cells] of rows) test(name, () => expect(row(sketch)).toEqual(cells))
})

test('wide rows tell address, nodes and gates', () => {
  const pod = podOf({ status: { podIPs: [{ ip: 'fd00::1' }, { ip: '10.0.0.1' }], ...ready } })
  pod.spec!.nodeName = 'n'
  pod.spec!.readinessGates = [{ conditionType: 'Ready' }, { conditionType: 'a/b' }]
  expect(podColumns.slice(5).map(column => column.cell(pod, 0))).toEqual(['fd00::1', 'n', '<none>', '1/2'])
  const bare = podOf({})
  expect(podColumns.slice(5).map(column => column.cell(bare, 0))).toEqual(Array(4).fill('<none>'))
})
