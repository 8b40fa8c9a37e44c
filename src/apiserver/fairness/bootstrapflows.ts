// The priority levels and flow schemas that every cluster starts with, named and sized as upstream's
// (k8s.io/apiserver pkg/apis/flowcontrol/bootstrap).
import { randomUUID } from 'node:crypto'
import type {
  FlowcontrolV1Subject,
  FlowSchema,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  ResourcePolicyRule,
} from '../../api/generated/types.ts'
import { formatTime } from '../../api/meta/timestamps.ts'

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
const autoUpdate = 'apf.kubernetes.io/autoupdate-spec'

const queued = (shares: number, queues: number, handSize: number): PriorityLevelConfigurationSpec => ({
  type: 'Limited',
  limited: {
    nominalConcurrencyShares: shares,
    lendablePercent: 0,
    limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
  },
})

const levelSpecs: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  system: queued(30, 64, 6),
  'node-high': queued(40, 64, 6),
  'leader-election': queued(10, 16, 4),
  'workload-high': queued(40, 128, 6),
  'workload-low': queued(100, 128, 6),
  'global-default': queued(20, 128, 6),
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  },
}

const group = (name: string): FlowcontrolV1Subject => ({ kind: 'Group', group: { name } })
const user = (name: string): FlowcontrolV1Subject => ({ kind: 'User', user: { name } })
const account = (name: string): FlowcontrolV1Subject => ({
  kind: 'ServiceAccount',
  serviceAccount: { namespace: 'kube-system', name },
})
const everybody = [group('system:unauthenticated'), group('system:authenticated')]

function resourceRule(verbs: string, apiGroup: string, resources: string): ResourcePolicyRule {
  const scope = { namespaces: ['*'], clusterScope: true }
  return { verbs: verbs.split(' '), apiGroups: [apiGroup], resources: resources.split(' '), ...scope }
}
const anyResource = resourceRule('*', '*', '*')
const anyPath = { verbs: ['*'], nonResourceURLs: ['*'] }
const leases = resourceRule('get create update', 'coordination.k8s.io', 'leases')

const everything = (...subjects: FlowcontrolV1Subject[]): PolicyRulesWithSubjects => ({
  subjects,
  resourceRules: [anyResource],
  nonResourceRules: [anyPath],
})
const resources = (subjects: FlowcontrolV1Subject[], ...resourceRules: ResourcePolicyRule[]) => ({
  subjects,
  resourceRules,
})

type SchemaRow = readonly [
  name: string,
  precedence: number,
  level: string,
  distinguisher: 'ByUser' | 'ByNamespace' | '',
  rules: PolicyRulesWithSubjects,
]

const probes = { verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }
const leaders = [user('system:kube-controller-manager'), user('system:kube-scheduler'), account('*')]
const endpointWriters = [user('system:kube-controller-manager'), account('endpoint-controller')]

const schemaRows: readonly SchemaRow[] = [
  ['exempt', 1, 'exempt', '', everything(group('system:masters'))],
  ['probes', 2, 'exempt', '', { subjects: everybody, nonResourceRules: [probes] }],
  ['system-leader-election', 100, 'leader-election', 'ByUser', resources(leaders, leases)],
  [
    'endpoint-controller',
    150,
    'workload-high',
    'ByUser',
    resources(endpointWriters, resourceRule('get create update', '', 'endpoints')),
  ],
  [
    'workload-leader-election',
    200,
    'leader-election',
    'ByUser',
    resources([group('system:serviceaccounts')], leases),
  ],
  [
    'system-node-high',
    400,
    'node-high',
    'ByUser',
    resources(
      [group('system:nodes')],
      resourceRule('*', '', 'nodes nodes/status'),
      resourceRule('*', 'coordination.k8s.io', 'leases'),
    ),
  ],
  ['system-nodes', 500, 'system', 'ByUser', everything(group('system:nodes'))],
  [
    'kube-controller-manager',
    800,
    'workload-high',
    'ByNamespace',
    everything(user('system:kube-controller-manager')),
  ],
  ['kube-scheduler', 800, 'workload-high', 'ByNamespace', everything(user('system:kube-scheduler'))],
  ['kube-system-service-accounts', 900, 'workload-high', 'ByNamespace', everything(account('*'))],
  ['service-accounts', 9000, 'workload-low', 'ByUser', everything(group('system:serviceaccounts'))],
  ['global-default', 9900, 'global-default', 'ByUser', everything(...everybody)],
  ['catch-all', 10_000, 'catch-all', 'ByUser', everything(...everybody)],
]

const meta = (name: string, nowMs: number) => ({
  name,
  uid: randomUUID(),
  generation: 1,
  creationTimestamp: formatTime(nowMs),
  annotations: { [autoUpdate]: 'true' },
})

export const bootstrapLevels = (nowMs: number): PriorityLevelConfiguration[] =>
  Object.entries(levelSpecs).map(([name, spec]) => ({
    kind: 'PriorityLevelConfiguration',
    apiVersion,
    metadata: meta(name, nowMs),
    spec,
    status: {},
  }))

const found = (level: string, nowMs: number) => ({
  type: 'Dangling',
  status: 'False',
  reason: 'Found',
  lastTransitionTime: formatTime(nowMs),
  message: `This FlowSchema references the PriorityLevelConfiguration object named "${level}" and it exists`,
})

export const bootstrapSchemas = (nowMs: number): FlowSchema[] =>
  schemaRows.map(([name, matchingPrecedence, level, distinguisher, rules]) => ({
    kind: 'FlowSchema',
    apiVersion,
    metadata: meta(name, nowMs),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
      rules: [rules],
    },
    status: { conditions: [found(level, nowMs)] },
  }))

/** For a new store; what is there already is the administrators' to change. */
export const bootstrapFlows = (nowMs: number) => [
  ...bootstrapLevels(nowMs).map(object => ({
    key: `/registry/prioritylevelconfigurations/${object.metadata.name}`,
    object,
  })),
  ...bootstrapSchemas(nowMs).map(object => ({
    key: `/registry/flowschemas/${object.metadata.name}`,
    object,
  })),
]
