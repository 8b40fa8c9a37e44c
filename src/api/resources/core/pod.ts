// Pod: containers that run together on one node. Its parts stand in pod/: defaults, validation, what may
// change, its status, its row in a table, warnings.
import type { Pod } from '../../generated/types.ts'
import { addressWarnings } from '../../meta/addresses.ts'
import { defineResource } from '../../resource.ts'
import { podColumns } from './pod/columns.ts'
import { defaultPod } from './pod/defaults.ts'
import { applyLabelKeys } from './pod/labelkeys.ts'
import { initialPodStatus, preparePodStatusUpdate, validatePodStatusUpdate } from './pod/status.ts'
import { validatePodUpdate } from './pod/update.ts'
import { validatePod } from './pod/validation/spec.ts'
import { podWarnings } from './pod/warnings.ts'

/** How long a Pod is given to end: nothing when it never ran or has ended. */
function gracePeriod({ spec, status }: Pod): number {
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0
  const seconds = spec.terminationGracePeriodSeconds ?? 0
  return seconds < 0 ? 1 : seconds
}

const ways = ['get', 'create', 'update', 'patch'] as const

export const pods = defineResource<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  subresources: [
    { name: 'attach', kind: 'PodAttachOptions', verbs: ['get', 'create'] },
    { name: 'binding', kind: 'Binding', verbs: ['create'] },
    { name: 'ephemeralcontainers', kind: 'Pod', verbs: ['get', 'patch', 'update'] },
    { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
    { name: 'exec', kind: 'PodExecOptions', verbs: ['get', 'create'] },
    { name: 'log', kind: 'Pod', verbs: ['get'] },
    { name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['get', 'create'] },
    { name: 'proxy', kind: 'PodProxyOptions', verbs: ways },
    { name: 'resize', kind: 'Pod', verbs: ['get', 'patch', 'update'] },
  ],
  columns: podColumns,
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    'spec.host': ({ spec }) => spec?.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec?.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec?.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork === true),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? '',
    'status.podIPs': ({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip).join(','),
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  defaultGracePeriodSeconds: gracePeriod,
  default: defaultPod,
  prepareForCreate(pod) {
    pod.status = initialPodStatus(pod)
    applyLabelKeys(pod)
  },
  validate: validatePod,
  validatesUpdateAlone: true,
  validateUpdate: validatePodUpdate,
  prepareForStatusUpdate: preparePodStatusUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  warnings(pod, previous) {
    if (!previous) return podWarnings(pod)
    const lists = [
      ['podIPs', pod.status?.podIPs],
      ['hostIPs', pod.status?.hostIPs],
    ] as const
    return lists.flatMap(([name, addresses = []]) =>
      addresses.flatMap(({ ip }, index) => addressWarnings(ip, `status.${name}[${index}].ip`)),
    )
  },
})
