import { describe, expect, test } from 'vitest'
import type { Pod, PodSpec, PodStatus } from '../../../generated/types.ts'
import { defaultPodStatus, preparePodStatusUpdate, validatePodStatusUpdate } from './status.ts'

const podOf = (status: PodStatus, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c' }], restartPolicy: 'Always', ...spec },
  status,
})
const check = (status: PodStatus, before: PodStatus = {}, spec: Partial<PodSpec> = {}) =>
  validatePodStatusUpdate(podOf(status, spec), podOf(before, spec)).map(
    ({ field, message }) => `${field}: ${message}`,
  )
const ips = (...addresses: string[]) => addresses.map(ip => ({ ip }))

describe('addresses of Pods', () => {
  const synced: [string, PodStatus, PodStatus][] = [
    [
      'the first of several is the one',
      { podIPs: ips('fd00::1', '10.0.0.1') },
      { podIP: 'fd00::1', podIPs: ips('fd00::1', '10.0.0.1') },
    ],
    ['one alone becomes the list', { podIP: '10.0.0.1' }, { podIP: '10.0.0.1', podIPs: ips('10.0.0.1') }],
    [
      'where they differ the one wins',
      { podIP: '10.0.0.2', podIPs: ips('10.0.0.1') },
      { podIP: '10.0.0.2', podIPs: ips('10.0.0.2') },
    ],
    ['the host has a list too', { hostIP: '10.0.0.9' }, { hostIP: '10.0.0.9', hostIPs: ips('10.0.0.9') }],
  ]
  test('times that are not known are null', () => {
    const container = { name: 'c', image: '', imageID: '', ready: false, restartCount: 0 }
    const status: PodStatus = {
      containerStatuses: [
        { ...container, state: { running: {} }, lastState: { terminated: { exitCode: 1 } } },
      ],
    }
    defaultPodStatus(status)
    expect(status.containerStatuses).toEqual([
      {
        ...container,
        state: { running: { startedAt: null } },
        lastState: { terminated: { exitCode: 1, startedAt: null, finishedAt: null } },
      },
    ])
  })

  for (const [name, status, expected] of synced) {
    test(name, () => {
      const object = structuredClone(status)
      defaultPodStatus(object)
      expect(object).toEqual(expected)
    })
  }

  for (const addresses of [['10.0.0.1'], ['fd00::1'], ['10.0.0.1', 'fd00::1'], ['fd00::1', '10.0.0.1']]) {
    test(`${addresses.join(' and ')} pass`, () => {
      const [hostIP] = addresses
      expect(check({ podIPs: ips(...addresses), hostIP, hostIPs: ips(...addresses) })).toEqual([])
    })
  }

  const once = 'may specify no more than one IP for each IP family'
  const refused: [string, PodStatus, string[]][] = [
    [
      'two of a family',
      { podIPs: ips('10.0.0.1', '10.0.0.2') },
      [`status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: ${once}`],
    ],
    [
      'one twice',
      { podIPs: ips('fd00::1', 'fd00::1') },
      [
        `status.podIPs: Invalid value: [{"ip":"fd00::1"},{"ip":"fd00::1"}]: ${once}`,
        'status.podIPs[1]: Duplicate value: {"ip":"fd00::1"}',
      ],
    ],
    [
      'none at all',
      { podIPs: ips('x') },
      ['status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      'a host that is not the first of its own',
      { hostIP: '10.0.0.1', hostIPs: ips('10.0.0.2') },
      ['status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`'],
    ],
  ]
  for (const [name, status, errors] of refused) {
    test(`${name} are refused`, () => expect(check(status)).toEqual(errors))
  }
})

describe('a status update', () => {
  const ended = { name: 'c', state: { terminated: { exitCode: 0 } } } as NonNullable<
    PodStatus['containerStatuses']
  >[0]
  const runs = { ...ended, state: { running: {} } }
  const left = 'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'
  const transitions: [string, number, string[]][] = [
    ['Always', 0, []],
    ['Never', 0, [left]],
    ['Never', 1, [left]],
    ['OnFailure', 0, [left]],
    ['OnFailure', 1, []],
  ]
  for (const [restartPolicy, exitCode, errors] of transitions) {
    test(`of a container that ended with ${exitCode} under ${restartPolicy}`, () => {
      const before = { containerStatuses: [{ ...ended, state: { terminated: { exitCode } } }] }
      expect(check({ containerStatuses: [runs] }, before, { restartPolicy })).toEqual(errors)
    })
  }

  test('cannot change the class, the node or name a condition as it likes', () => {
    expect(check({ qosClass: 'Burstable' }, { qosClass: 'BestEffort' })).toEqual([
      'status.qosClass: Invalid value: "Burstable": field is immutable',
    ])
    expect(check({ nominatedNodeName: 'A' })).toHaveLength(1)
    expect(
      check({
        conditions: [
          { type: 'a b', status: 'True' },
          { type: 'Ready', status: 'True' },
        ],
      }),
    ).toHaveLength(1)
  })

  test('cannot take away what the server knows', () => {
    const pod = podOf({ conditions: [{ type: 'Ready', status: 'True' }] })
    pod.metadata.ownerReferences = []
    const owner = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u' }
    const previous = podOf({
      qosClass: 'BestEffort',
      observedGeneration: 3,
      conditions: [{ type: 'Ready', status: 'False', observedGeneration: 2 }],
    })
    previous.metadata.ownerReferences = [owner]
    preparePodStatusUpdate(pod, previous)
    expect(pod.metadata.ownerReferences).toEqual([owner])
    expect(pod.status).toEqual({
      qosClass: 'BestEffort',
      observedGeneration: 3,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          observedGeneration: 2,
          lastProbeTime: null,
          lastTransitionTime: null,
        },
      ],
    })
  })
})
