import { describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../../generated/types.ts'
import { pods } from '../pod.ts'
import {
  keepOnlyEphemeralContainers,
  keepOnlyResize,
  validateEphemeralContainersUpdate,
  validatePodResize,
  validatePodUpdate,
} from './update.ts'

function podOf(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'ns', ...metadata },
    spec: { containers: [{ name: 'c', image: 'a:1' }], ...structuredClone(spec) },
  }
  pods.default!(pod)
  return pod
}
const texts = (errors: readonly { field: string; message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)
const update = (after: Partial<PodSpec>, before: Partial<PodSpec> = {}) =>
  texts(validatePodUpdate(podOf(after), podOf(before)))

const toleration = { key: 'a', operator: 'Exists', effect: 'NoExecute' }
const selector = (values: string[]) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'z', operator: 'In', values }] }],
    },
  },
})
const gates = [{ name: 'example.com/a' }, { name: 'example.com/b' }]

describe('what may change in a Pod', () => {
  const allowed: [string, Partial<PodSpec>, Partial<PodSpec>][] = [
    ['nothing', {}, {}],
    ['an image', { containers: [{ name: 'c', image: 'a:2' }] }, {}],
    ['a deadline, set', { activeDeadlineSeconds: 5 }, {}],
    ['a deadline, shortened', { activeDeadlineSeconds: 5 }, { activeDeadlineSeconds: 6 }],
    ['a toleration, added', { tolerations: [toleration] }, {}],
    [
      'the time of a toleration',
      { tolerations: [{ ...toleration, tolerationSeconds: 5 }] },
      { tolerations: [toleration] },
    ],
    [
      'a grace period that was negative',
      { terminationGracePeriodSeconds: 1 },
      { terminationGracePeriodSeconds: -1 },
    ],
    ['a gate, opened', { schedulingGates: [gates[1]!] }, { schedulingGates: gates }],
    [
      'a node selector behind a gate',
      { schedulingGates: gates, nodeSelector: { a: 'b' } },
      { schedulingGates: gates },
    ],
    [
      'an affinity behind a gate',
      { schedulingGates: gates, affinity: selector(['x']) },
      { schedulingGates: gates },
    ],
  ]
  for (const [name, after, before] of allowed) test(name, () => expect(update(after, before)).toEqual([]))
})

describe('what may not change in a Pod', () => {
  const only =
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,' +
    '`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
    '`spec.tolerations` (only additions to existing tolerations),' +
    '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n'
  const refused: [string, Partial<PodSpec>, Partial<PodSpec>, string[]][] = [
    [
      'the command of a container',
      { containers: [{ name: 'c', image: 'a:1', command: ['x'] }] },
      {},
      [`${only}+ spec.containers[0].command: ["x"]\n`],
    ],
    ['the host network', { hostNetwork: true }, {}, [`${only}+ spec.hostNetwork: true\n`]],
    [
      'the grace period',
      { terminationGracePeriodSeconds: 5 },
      {},
      [`${only}- spec.terminationGracePeriodSeconds: 30\n+ spec.terminationGracePeriodSeconds: 5\n`],
    ],
    [
      'the number of containers',
      {
        containers: [
          { name: 'c', image: 'a:1' },
          { name: 'd', image: 'a:1' },
        ],
      },
      {},
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      'a deadline, lengthened',
      { activeDeadlineSeconds: 6 },
      { activeDeadlineSeconds: 5 },
      ['spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
    ],
    [
      'a toleration, removed',
      {},
      { tolerations: [toleration] },
      ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    ],
    [
      'a gate, closed',
      { schedulingGates: gates },
      { schedulingGates: [gates[0]!] },
      [
        'spec.schedulingGates[1].name: Forbidden: ' +
          "only deletion is allowed, but found new scheduling gate 'example.com/b'",
      ],
    ],
    ['a node selector', { nodeSelector: { a: 'b' } }, {}, [`${only}+ spec.nodeSelector: {"a":"b"}\n`]],
    [
      'what a node selector behind a gate asked before',
      { schedulingGates: gates, nodeSelector: {} },
      { schedulingGates: gates, nodeSelector: { a: 'b' } },
      [
        'spec.nodeSelector: Invalid value: {}: ' +
          'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ],
    ],
    [
      'what an affinity behind a gate asked before',
      { schedulingGates: gates, affinity: selector(['y']) },
      { schedulingGates: gates, affinity: selector(['x']) },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: ' +
          'Invalid value: {"matchExpressions":[{"key":"z","operator":"In","values":["y"]}]}: ' +
          'only additions are allowed (no mutations or deletions)',
      ],
    ],
  ]
  for (const [name, after, before, errors] of refused) {
    test(name, () => expect(update(after, before)).toEqual(errors))
  }

  test('annotations of mirror Pods', () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' }
    const mirror = podOf({ nodeName: 'n' }, { annotations })
    expect(texts(validatePodUpdate(podOf({ nodeName: 'n' }), mirror))).toEqual([
      'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: ' +
        'may not remove or update mirror pod annotation',
    ])
    expect(texts(validatePodUpdate(mirror, podOf({ nodeName: 'n' })))).toEqual([
      'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation',
    ])
  })
})

describe('containers to look around with', () => {
  const debug = (name: string, image = 'b') => ({ name, image })
  test('are added, and all else stays', () => {
    const previous = podOf({ nodeName: 'n' })
    const pod = podOf({ nodeName: 'other', ephemeralContainers: [debug('d')] })
    keepOnlyEphemeralContainers(pod, previous)
    expect(pod.spec?.nodeName).toBe('n')
    expect(validateEphemeralContainersUpdate(pod, previous)).toEqual([])
  })

  test('stay once they are there', () => {
    const previous = podOf({ ephemeralContainers: [debug('d')] })
    const field = 'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be'
    expect(texts(validateEphemeralContainersUpdate(podOf(), previous))).toEqual([`${field} removed\n`])
    const changed = podOf({ ephemeralContainers: [debug('d', 'c')] })
    expect(texts(validateEphemeralContainersUpdate(changed, previous))).toEqual([
      `${field} changed\n- d.image: "b"\n+ d.image: "c"\n`,
    ])
  })

  test('are checked as containers', () => {
    const pod = podOf({
      ephemeralContainers: [{ ...debug('c'), ports: [{ containerPort: 1 }], targetContainerName: 'x' }],
    })
    expect(texts(validateEphemeralContainersUpdate(pod, podOf()))).toEqual([
      'spec.ephemeralContainers[0].name: Duplicate value: "c"',
      'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
    ])
  })
})

describe('resizing', () => {
  const sized = (requests: Record<string, string>, rest: Partial<Container> = {}) =>
    podOf({ containers: [{ name: 'c', image: 'a:1', resources: { requests }, ...rest }] })

  test('changes amounts of CPU and memory and nothing else', () => {
    const previous = sized({ cpu: '1', memory: '1Gi' })
    const pod = sized({ cpu: '2', memory: '1Gi' }, { image: 'a:2' })
    keepOnlyResize(pod, previous)
    expect(pod.spec).toEqual(sized({ cpu: '2', memory: '1Gi' }).spec)
    expect(validatePodResize(pod, previous)).toEqual([])
  })

  const refused: [string, Pod, Pod, string[]][] = [
    [
      'a change of class',
      sized({}),
      sized({ cpu: '1' }),
      [
        'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
        'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      ],
    ],
    [
      'other resources',
      sized({ cpu: '1', 'ephemeral-storage': '2' }),
      sized({ cpu: '1', 'ephemeral-storage': '1' }),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    [
      'less memory without a restart',
      sized({}, { resources: { limits: { memory: '1Gi' } } }),
      sized({}, { resources: { limits: { memory: '2Gi' } } }),
      [
        'spec.containers[0].resources.limits[memory]: Forbidden: ' +
          'memory limits cannot be decreased unless resizePolicy is RestartContainer',
      ],
    ],
  ]
  for (const [name, pod, previous, errors] of refused) {
    test(`${name} is refused`, () => expect(texts(validatePodResize(pod, previous))).toEqual(errors))
  }
})
