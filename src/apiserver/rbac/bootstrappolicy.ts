// The roles and bindings that every cluster starts with (upstream's plugin/pkg/auth/authorizer/rbac/
// bootstrappolicy): made when missing, and given back the rules and subjects that they lost. The roles
// system:controller:* are not among them: the controllers are part of this process.
import { randomUUID } from 'node:crypto'
import type { ClusterRole, PolicyRule, RbacV1Subject } from '../../api/generated/types.ts'
import { formatTime } from '../../api/meta/timestamps.ts'
import type { KubeObject } from '../../api/object.ts'
import { aggregatedRules } from '../../api/resources/rbac.authorization.k8s.io/aggregation.ts'
import type { AnyBinding } from '../../api/resources/rbac.authorization.k8s.io/binding.ts'
import { compact, uncovered } from './policyrule.ts'

const rbac = 'rbac.authorization.k8s.io'
const words = (text: string) => text.split(' ')

/** `rule('apps', 'deployments daemonsets', 'get list')`; the core group is `core`. */
const rule = (groups: string, resources: string, verbs: string): PolicyRule => ({
  apiGroups: words(groups).map(group => (group === 'core' ? '' : group)),
  resources: words(resources),
  verbs: words(verbs),
})
const only = (name: string, allowed: PolicyRule): PolicyRule => ({ ...allowed, resourceNames: [name] })
const paths = (nonResourceURLs: string, verbs = 'get'): PolicyRule => ({
  nonResourceURLs: words(nonResourceURLs),
  verbs: words(verbs),
})

const read = 'get list watch'
const write = 'create delete deletecollection patch update'
const events = rule('core events.k8s.io', 'events', 'create patch update')
const asksAboutAccess = [
  rule('authentication.k8s.io', 'tokenreviews', 'create'),
  rule('authorization.k8s.io', 'subjectaccessreviews', 'create'),
]
const leads = (name: string) => [
  rule('coordination.k8s.io', 'leases', 'create'),
  only(name, rule('coordination.k8s.io', 'leases', 'get list update watch')),
]

const inExtensions =
  'daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale ' +
  'replicationcontrollers/scale'
const inExtensionsRead = 'daemonsets/status deployments/status ingresses/status replicasets/status'

const viewRules = [
  rule(
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers ' +
      'replicationcontrollers/scale serviceaccounts services services/status',
    read,
  ),
  rule(
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status ' +
      'resourcequotas resourcequotas/status',
    read,
  ),
  rule('core', 'namespaces', read),
  rule('discovery.k8s.io', 'endpointslices', read),
  rule(
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status ' +
      'replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    read,
  ),
  rule('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', read),
  rule('batch', 'cronjobs cronjobs/status jobs jobs/status', read),
  rule('extensions', `${inExtensions} ${inExtensionsRead}`, read),
  rule('policy', 'poddisruptionbudgets poddisruptionbudgets/status', read),
  rule('networking.k8s.io', 'ingresses ingresses/status networkpolicies', read),
]

const editRules = [
  rule('core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', read),
  rule('core', 'serviceaccounts', 'impersonate'),
  rule('core', 'pods pods/attach pods/exec pods/portforward pods/proxy', write),
  rule('core', 'pods/eviction', 'create'),
  rule(
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets ' +
      'serviceaccounts services services/proxy',
    write,
  ),
  rule('core', 'serviceaccounts/token', 'create'),
  rule(
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale ' +
      'statefulsets statefulsets/scale',
    write,
  ),
  rule('autoscaling', 'horizontalpodautoscalers', write),
  rule('batch', 'cronjobs jobs', write),
  rule('coordination.k8s.io', 'leases', `${read} ${write}`),
  rule('extensions', `${inExtensions} deployments/rollback`, write),
  rule('policy', 'poddisruptionbudgets', write),
  rule('networking.k8s.io', 'ingresses networkpolicies', write),
]

const adminRules = [
  rule('authorization.k8s.io', 'localsubjectaccessreviews', 'create'),
  rule(rbac, 'rolebindings roles', `${read} ${write}`),
]

const approver = (signer: string) => only(signer, rule('certificates.k8s.io', 'signers', 'approve'))

/** Also what the Node authorizer allows where it has no rule of its own. */
export const nodeRules = [
  rule('authentication.k8s.io', 'tokenreviews', 'create'),
  rule('authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews', 'create'),
  rule('core', 'services', read),
  rule('core', 'nodes', `create patch update ${read}`),
  rule('core', 'nodes/status', 'patch update'),
  rule('core', 'events', 'create patch update'),
  rule('core', 'pods', `create delete ${read}`),
  rule('core', 'pods/status', 'patch update'),
  rule('core', 'pods/eviction', 'create'),
  rule('core', 'configmaps secrets', read),
  rule('core', 'persistentvolumeclaims persistentvolumes', 'get'),
  rule('core', 'persistentvolumeclaims/status', 'get patch update'),
  rule('core', 'endpoints', 'get'),
  rule('core', 'serviceaccounts', 'get'),
  rule('core', 'serviceaccounts/token', 'create'),
  rule('certificates.k8s.io', 'certificatesigningrequests', `create ${read}`),
  rule('coordination.k8s.io', 'leases', 'create delete get patch update'),
  rule('storage.k8s.io', 'csidrivers', read),
  rule('storage.k8s.io', 'csinodes', 'create delete get patch update'),
  rule('storage.k8s.io', 'volumeattachments', 'get'),
  rule('node.k8s.io', 'runtimeclasses', read),
]

/** What a node of this project does besides running Pods: Services, policies and routes are its own work. */
const nodeNetworkRules = [
  rule('core', 'namespaces nodes pods', 'list watch'),
  rule('discovery.k8s.io', 'endpointslices', 'list watch'),
  rule('networking.k8s.io', 'networkpolicies', 'list watch'),
]

const volumeSchedulerRules = [
  rule('core', 'persistentvolumes', `patch update ${read}`),
  rule('storage.k8s.io', 'storageclasses', read),
  rule('core', 'persistentvolumeclaims', `patch update ${read}`),
]

const schedulerRules = [
  events,
  ...leads('kube-scheduler'),
  rule('core', 'nodes', read),
  rule('core', 'pods', `delete ${read}`),
  rule('core', 'bindings pods/binding', 'create'),
  rule('core', 'pods/status', 'patch update'),
  rule('core', 'namespaces replicationcontrollers services', read),
  rule('apps', 'replicasets statefulsets', read),
  rule('policy', 'poddisruptionbudgets', read),
  rule('core', 'persistentvolumeclaims persistentvolumes', read),
  ...asksAboutAccess,
  rule('storage.k8s.io', 'csidrivers csinodes csistoragecapacities', read),
]

const managerRules = [
  events,
  ...leads('kube-controller-manager'),
  rule('core', 'secrets serviceaccounts', 'create'),
  rule('core', 'secrets', 'delete'),
  rule('core', 'configmaps namespaces secrets serviceaccounts', 'get'),
  rule('core', 'secrets serviceaccounts', 'update'),
  ...asksAboutAccess,
  rule('*', '*', 'list watch'),
  rule('core', 'serviceaccounts/token', 'create'),
]

const signer = 'kubernetes.io/'
const csr = 'system:certificates.k8s.io:certificatesigningrequests'

/** Role -> rules. */
const roles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': [rule('*', '*', '*'), paths('*', '*')],
  'system:aggregate-to-admin': adminRules,
  'system:aggregate-to-edit': editRules,
  'system:aggregate-to-view': viewRules,
  'system:auth-delegator': asksAboutAccess,
  'system:basic-user': [
    rule('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', 'create'),
    rule('authentication.k8s.io', 'selfsubjectreviews', 'create'),
  ],
  [`${csr}:nodeclient`]: [rule('certificates.k8s.io', 'certificatesigningrequests/nodeclient', 'create')],
  [`${csr}:selfnodeclient`]: [
    rule('certificates.k8s.io', 'certificatesigningrequests/selfnodeclient', 'create'),
  ],
  [`${csr}:selfnodeserver`]: [
    rule('certificates.k8s.io', 'certificatesigningrequests/selfnodeserver', 'create'),
  ],
  'system:certificates.k8s.io:kube-apiserver-client-approver': [approver(`${signer}kube-apiserver-client`)],
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': [
    approver(`${signer}kube-apiserver-client-kubelet`),
  ],
  'system:certificates.k8s.io:kubelet-serving-approver': [approver(`${signer}kubelet-serving`)],
  'system:certificates.k8s.io:legacy-unknown-approver': [approver(`${signer}legacy-unknown`)],
  'system:discovery': [
    paths('/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/'),
  ],
  'system:kube-aggregator': [rule('core', 'endpoints services', read)],
  'system:kube-controller-manager': managerRules,
  'system:kube-dns': [rule('core', 'endpoints services', 'list watch')],
  'system:kube-scheduler': schedulerRules,
  'system:kubelet-api-admin': [
    rule('core', 'nodes', `proxy ${read}`),
    rule('core', 'nodes/log nodes/metrics nodes/proxy nodes/spec nodes/stats', '*'),
  ],
  'system:monitoring': [
    paths('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
  ],
  'system:node': nodeRules,
  'system:node-bootstrapper': [rule('certificates.k8s.io', 'certificatesigningrequests', `create ${read}`)],
  'system:node-problem-detector': [
    rule('core', 'nodes', 'get'),
    rule('core', 'nodes/status', 'patch'),
    events,
  ],
  'system:node-proxier': [
    rule('core', 'endpoints services', 'list watch'),
    rule('core', 'nodes', read),
    events,
    rule('discovery.k8s.io', 'endpointslices', 'list watch'),
    rule('networking.k8s.io', 'servicecidrs', 'list watch'),
  ],
  'system:persistent-volume-provisioner': [
    rule('core', 'persistentvolumes', 'create delete get list watch'),
    rule('core', 'persistentvolumeclaims', 'get list update watch'),
    rule('storage.k8s.io', 'storageclasses', read),
    rule('core', 'events', 'watch'),
    events,
  ],
  'system:public-info-viewer': [paths('/healthz /livez /readyz /version /version/')],
  'system:service-account-issuer-discovery': [paths('/.well-known/openid-configuration /openid/v1/jwks')],
  'system:volume-scheduler': volumeSchedulerRules,
  'futago:node-network': nodeNetworkRules,
}

/** Roles that collect the rules of others, by their label rbac.authorization.k8s.io/aggregate-to-<name>. */
const aggregated = ['admin', 'edit', 'view'] as const

/** Whose rules, besides their own label's, go into which. */
const aggregates: Readonly<Record<string, string>> = {
  'system:aggregate-to-admin': 'admin',
  'system:aggregate-to-edit': 'edit',
  'system:aggregate-to-view': 'view',
  edit: 'admin',
  view: 'edit',
}

const asGroup = (name: string): RbacV1Subject => ({ kind: 'Group', apiGroup: rbac, name })
const asUser = (name: string): RbacV1Subject => ({ kind: 'User', apiGroup: rbac, name })

/** Of bootstrap tokens that nodes join with. */
const bootstrapGroup = 'system:bootstrappers:futago:node'

/** Binding -> role and subjects. */
const bindings: Readonly<Record<string, readonly [role: string, ...subjects: RbacV1Subject[]]>> = {
  'cluster-admin': ['cluster-admin', asGroup('system:masters')],
  'system:basic-user': ['system:basic-user', asGroup('system:authenticated')],
  'system:discovery': ['system:discovery', asGroup('system:authenticated')],
  'system:kube-controller-manager': [
    'system:kube-controller-manager',
    asUser('system:kube-controller-manager'),
  ],
  'system:kube-dns': [
    'system:kube-dns',
    { kind: 'ServiceAccount', name: 'kube-dns', namespace: 'kube-system' },
  ],
  'system:kube-scheduler': ['system:kube-scheduler', asUser('system:kube-scheduler')],
  'system:monitoring': ['system:monitoring', asGroup('system:monitoring')],
  'system:node': ['system:node', asGroup('system:nodes')],
  'system:node-proxier': ['system:node-proxier', asUser('system:kube-proxy')],
  'system:public-info-viewer': [
    'system:public-info-viewer',
    asGroup('system:authenticated'),
    asGroup('system:unauthenticated'),
  ],
  'system:service-account-issuer-discovery': [
    'system:service-account-issuer-discovery',
    asGroup('system:serviceaccounts'),
  ],
  'system:volume-scheduler': ['system:volume-scheduler', asUser('system:kube-scheduler')],
  'futago:node-network': ['futago:node-network', asGroup('system:nodes')],
  // What upstream leaves to installers: how a node gets its certificates, and renews them.
  'futago:node-bootstrap': ['system:node-bootstrapper', asGroup(bootstrapGroup)],
  'futago:node-bootstrap-approval': [`${csr}:nodeclient`, asGroup(bootstrapGroup)],
  'futago:node-client-renewal': [`${csr}:selfnodeclient`, asGroup('system:nodes')],
  'futago:node-serving-renewal': [`${csr}:selfnodeserver`, asGroup('system:nodes')],
}

const defaultsLabel = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate'
const aggregateTo = (role: string) => `${rbac}/aggregate-to-${role}`

const meta = (name: string, nowMs: number) => {
  const target = aggregates[name]
  return {
    name,
    uid: randomUUID(),
    creationTimestamp: formatTime(nowMs),
    labels: { ...defaultsLabel, ...(target ? { [aggregateTo(target)]: 'true' } : {}) },
    annotations: { [autoUpdate]: 'true' },
  }
}

const clusterRole = (name: string, rules: readonly PolicyRule[], nowMs: number): ClusterRole => ({
  kind: 'ClusterRole',
  apiVersion: `${rbac}/v1`,
  metadata: meta(name, nowMs),
  rules: [...rules],
})

const aggregatedRole = (name: string, nowMs: number): ClusterRole => ({
  kind: 'ClusterRole',
  apiVersion: `${rbac}/v1`,
  metadata: meta(name, nowMs),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateTo(name)]: 'true' } }] },
  rules: [],
})

/** Aggregated already: in a new cluster the controller finds nothing left to do. */
function bootstrapRoles(nowMs: number): ClusterRole[] {
  const plain = Object.entries(roles).map(([name, rules]) => clusterRole(name, rules, nowMs))
  const all = [...plain, ...aggregated.map(name => aggregatedRole(name, nowMs))]
  const whole = all.slice(plain.length)
  // They build on each other, so that each pass can add to the next.
  for (const _ of whole) for (const role of whole) role.rules = aggregatedRules(role, all)
  return all
}

const clusterRoleBinding = (name: string, nowMs: number): AnyBinding => {
  const [role, ...subjects] = bindings[name]!
  return {
    kind: 'ClusterRoleBinding',
    apiVersion: `${rbac}/v1`,
    metadata: meta(name, nowMs),
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
    subjects,
  }
}

const isKept = ({ metadata }: KubeObject) => metadata.annotations?.[autoUpdate] !== 'false'

/** Adds the rules that a role lost; false when it has them all, or is not to be touched. */
function mendRole(wanted: readonly PolicyRule[]) {
  return (current: KubeObject): boolean => {
    const role = current as ClusterRole
    const lost = uncovered(role.rules ?? [], wanted)
    if (lost.length === 0 || !isKept(current)) return false
    role.rules = [...(role.rules ?? []), ...compact(lost)]
    return true
  }
}

function mendBinding(wanted: readonly RbacV1Subject[]) {
  return (current: KubeObject): boolean => {
    const binding = current as AnyBinding
    const has = ({ kind, name }: RbacV1Subject) =>
      binding.subjects?.some(subject => subject.kind === kind && subject.name === name)
    const lost = wanted.filter(subject => !has(subject))
    if (lost.length === 0 || !isKept(current)) return false
    binding.subjects = [...(binding.subjects ?? []), ...lost]
    return true
  }
}

/** Takes a subject away that a store from before had. */
function withdraw({ kind, name }: RbacV1Subject) {
  return (current: KubeObject): boolean => {
    const binding = current as AnyBinding
    const kept = (binding.subjects ?? []).filter(subject => subject.kind !== kind || subject.name !== name)
    if (kept.length === (binding.subjects ?? []).length || !isKept(current)) return false
    binding.subjects = kept
    return true
  }
}

/** Each with how to mend what differs. */
export function bootstrapPolicy(nowMs: number, { nodeAuthorizer = false } = {}) {
  const never = () => false
  const ofNodes = 'system:node'
  return [
    ...bootstrapRoles(nowMs).map(role => {
      const { name = '' } = role.metadata ?? {}
      const mend = roles[name] ? mendRole(roles[name]) : never
      return { key: `/registry/clusterroles/${name}`, object: role as KubeObject, mend }
    }),
    ...Object.keys(bindings).map(name => ({
      key: `/registry/clusterrolebindings/${name}`,
      object: (name === ofNodes && nodeAuthorizer
        ? { ...clusterRoleBinding(name, nowMs), subjects: [] }
        : clusterRoleBinding(name, nowMs)) as KubeObject,
      mend:
        name === ofNodes && nodeAuthorizer
          ? withdraw(asGroup('system:nodes'))
          : mendBinding(bindings[name]!.slice(1) as RbacV1Subject[]),
    })),
  ]
}
