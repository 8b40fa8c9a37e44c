import { describe, expect, test } from 'vitest'
import type { Pod, PodSpec } from '../../generated/types.ts'
import { pods } from './pod.ts'

const podOf = (spec: Partial<PodSpec>, metadata: Pod['metadata'] = {}): Pod => ({
  metadata: { name: 'web', namespace: 'ns', ...metadata },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
})
const defaulted = (spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}) => {
  const pod = podOf(structuredClone(spec), metadata)
  pods.default!(pod)
  return pod
}

describe('a new Pod', () => {
  test('gets what its maker left out', () => {
    expect(defaulted().spec).toEqual({
      containers: [
        {
          name: 'c',
          image: 'nginx',
          imagePullPolicy: 'Always',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          resources: {},
        },
      ],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
    })
  })

  test('is defaulted once: a second time changes nothing', () => {
    const pod = defaulted({ volumes: [{ name: 'v' }], hostNetwork: true })
    const again = structuredClone(pod)
    pods.default!(again)
    expect(again).toEqual(pod)
  })

  test('is Pending and knows its quality of service', () => {
    const pod = podOf({ schedulingGates: [{ name: 'example.com/wait' }] })
    pod.status = { phase: 'Running' }
    pods.prepareForCreate!(pod)
    expect(pod.status).toEqual({
      phase: 'Pending',
      qosClass: 'BestEffort',
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          lastProbeTime: null,
          lastTransitionTime: null,
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ],
    })
  })

  test('passes with its defaults, and not without a container', () => {
    expect(pods.validate!(defaulted())).toEqual([])
    const errors = pods.validate!(defaulted({ containers: [] }))
    expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'spec.containers: Required value',
    ])
  })

  test('may not bring debug containers, nor a node while gates are closed', () => {
    const ephemeralContainers = [{ name: 'd', image: 'busybox' }]
    const spec = { ephemeralContainers, nodeName: 'n', schedulingGates: [{ name: 'a/b' }] }
    expect(pods.validate!(defaulted(spec)).map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
      'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
    ])
  })
})

test('a Pod is given its time to end only when it runs somewhere', () => {
  const grace = (pod: Pod) => pods.defaultGracePeriodSeconds!(pod)
  expect(grace(defaulted())).toBe(0)
  expect(grace(defaulted({ nodeName: 'n' }))).toBe(30)
  expect(grace(defaulted({ nodeName: 'n', terminationGracePeriodSeconds: -3 }))).toBe(1)
  expect(grace({ ...defaulted({ nodeName: 'n' }), status: { phase: 'Failed' } })).toBe(0)
})

test('Pods are found by node, phase and address', () => {
  const pod = { ...defaulted({ nodeName: 'n', hostNetwork: true }), status: { podIPs: [{ ip: 'fd00::1' }] } }
  const found = Object.entries(pods.selectableFields!).map(([name, get]) => [name, get(pod)])
  expect(Object.fromEntries(found)).toEqual({
    'spec.nodeName': 'n',
    'spec.host': 'n',
    'spec.restartPolicy': 'Always',
    'spec.schedulerName': 'default-scheduler',
    'spec.serviceAccountName': '',
    'spec.hostNetwork': 'true',
    'status.phase': '',
    'status.podIP': 'fd00::1',
    'status.podIPs': 'fd00::1',
    'status.nominatedNodeName': '',
  })
})
