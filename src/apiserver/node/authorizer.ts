// The Node authorizer: a node reads only what its own Pods need, and writes only about itself as far as this
// can be told from a request's path; the admission plugin NodeRestriction looks inside (upstream's
// plugin/pkg/auth/authorizer/node, with AuthorizeNodeWithSelectors).
import { parseFieldSelector } from '../../api/meta/fieldselector.ts'
import { nodeRules } from '../rbac/bootstrappolicy.ts'
import type { Decider } from '../rbac/chain.ts'
import type { Decision } from '../rbac/policy.ts'
import { type AccessAttributes, ruleAllows } from '../rbac/policyrule.ts'
import type { User } from '../registry/registry.ts'
import type { GraphKind, WatchedNodeGraph } from './graph.ts'
import { nodeNameOf } from './identity.ts'

const allowed: Decision = { allowed: true, reason: '' }
const refused = (reason = ''): Decision => ({ allowed: false, reason })

const leaseNamespace = 'kube-node-lease'
const readVerbs = ['get', 'list', 'watch']
const ownVerbs = ['get', 'create', 'update', 'patch', 'delete']
const changeVerbs = ['update', 'patch']

interface Asked {
  readonly node: string
  readonly wanted: AccessAttributes
  /** Whether the object that is asked for concerns the node. */
  related(kind: GraphKind): Promise<Decision>
}

type Rule = (asked: Asked) => Promise<Decision> | Decision

/** Whether a selector asks for exactly this value, among others. */
function selects(wanted: AccessAttributes, field: string, value: string): boolean {
  try {
    return parseFieldSelector(wanted.fieldSelector ?? '').some(
      requirement =>
        requirement.field === field && requirement.operator === '=' && requirement.value === value,
    )
  } catch {
    return false
  }
}

const read =
  (kind: GraphKind): Rule =>
  ({ wanted, related }) => {
    if (!readVerbs.includes(wanted.verb)) return refused('can only read resources of this type')
    if (wanted.subresource !== '') return refused('cannot read subresource')
    if (wanted.namespace === '') return refused('can only read namespaced object of this type')
    return related(kind)
  }

const getOnly =
  (kind: GraphKind): Rule =>
  ({ wanted, related }) => {
    if (wanted.verb !== 'get') return refused('can only get individual resources of this type')
    return wanted.subresource === '' ? related(kind) : refused('cannot get subresource')
  }

const claims: Rule = asked => {
  const { wanted, related } = asked
  if (wanted.subresource !== 'status') return getOnly('persistentvolumeclaims')(asked)
  return changeVerbs.includes(wanted.verb)
    ? related('persistentvolumeclaims')
    : refused('can only get/update/patch this type')
}

const accounts: Rule = ({ wanted, related }) => {
  if (wanted.verb !== 'create' || wanted.name === '') {
    return refused('can only create tokens for individual service accounts')
  }
  return wanted.subresource === 'token'
    ? related('serviceaccounts')
    : refused('can only create token subresource of serviceaccount')
}

/** Of objects that are called as the node; who creates one is looked at by NodeRestriction. */
const isNamedAs = ({ node, wanted }: Asked) => wanted.verb === 'create' || wanted.name === node

const leases: Rule = asked => {
  const { wanted } = asked
  if (!ownVerbs.includes(wanted.verb)) {
    return refused('can only get, create, update, patch, or delete a node lease')
  }
  if (wanted.namespace !== leaseNamespace) {
    return refused(`can only access leases in the "${leaseNamespace}" system namespace`)
  }
  return isNamedAs(asked)
    ? allowed
    : refused('can only access node lease with the same name as the requesting node')
}

const csiNodes: Rule = asked => {
  const { wanted } = asked
  if (!ownVerbs.includes(wanted.verb)) {
    return refused('can only get, create, update, patch, or delete a CSINode')
  }
  if (wanted.subresource !== '') return refused('cannot authorize CSINode subresources')
  return isNamedAs(asked)
    ? allowed
    : refused('can only access CSINode with the same name as the requesting node')
}

const slices: Rule = ({ node, wanted, related }) => {
  if (wanted.subresource !== '') return refused('cannot authorize ResourceSlice subresources')
  if (wanted.verb === 'create') return allowed
  if (ownVerbs.includes(wanted.verb)) return related('resourceslices')
  if (!['watch', 'list', 'deletecollection'].includes(wanted.verb)) {
    const all = 'get, watch, list, create, update, patch, delete, deletecollection'
    return refused(`only the following verbs are allowed for a ResourceSlice: ${all}`)
  }
  return selects(wanted, 'spec.nodeName', node) || selects(wanted, 'nodeName', node)
    ? allowed
    : refused('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

const nodes: Rule = ({ node, wanted }) => {
  const { verb, name, subresource } = wanted
  if (subresource === 'status') return changeVerbs.includes(verb) ? allowed : refused()
  if (subresource !== '') return refused()
  if (verb === 'create' || changeVerbs.includes(verb)) return allowed
  if (!readVerbs.includes(verb)) return refused()
  if (name === node) return allowed
  const what = name === '' ? 'all nodes' : `'${name}'`
  return refused(`node '${node}' cannot read ${what}, only its own Node object`)
}

const pods: Rule = ({ node, wanted, related }) => {
  const { verb, name, subresource } = wanted
  if (subresource === 'status') return changeVerbs.includes(verb) ? allowed : refused()
  if (subresource === 'eviction') return verb === 'create' ? allowed : refused()
  if (subresource !== '') return refused()
  if (verb === 'create' || verb === 'delete') return allowed
  if (verb === 'get') return related('pods')
  if (verb !== 'list' && verb !== 'watch') return refused()
  if (selects(wanted, 'spec.nodeName', node)) return allowed
  if (name !== '') return related('pods')
  return refused('can only list/watch pods with spec.nodeName field selector')
}

/** By `group/resource`; for all others the rules of the role system:node. */
const rules: Readonly<Record<string, Rule>> = {
  '/secrets': read('secrets'),
  '/configmaps': read('configmaps'),
  '/persistentvolumeclaims': claims,
  '/persistentvolumes': getOnly('persistentvolumes'),
  '/serviceaccounts': accounts,
  '/nodes': nodes,
  '/pods': pods,
  'coordination.k8s.io/leases': leases,
  'resource.k8s.io/resourceclaims': getOnly('resourceclaims'),
  'resource.k8s.io/resourceslices': slices,
  'storage.k8s.io/csinodes': csiNodes,
  'storage.k8s.io/volumeattachments': getOnly('volumeattachments'),
}

export class NodeAuthorizer implements Decider {
  readonly #graph: WatchedNodeGraph

  constructor(graph: WatchedNodeGraph) {
    this.#graph = graph
  }

  async decide(user: User, wanted: AccessAttributes): Promise<Decision> {
    const node = nodeNameOf(user)
    if (node === undefined) return refused()
    if (node === '') return refused(`unknown node for user "${user.name}"`)
    const rule = wanted.isResourceRequest ? rules[`${wanted.group}/${wanted.resource}`] : undefined
    if (!rule) return nodeRules.some(own => ruleAllows(own, wanted)) ? allowed : refused()
    return rule({ node, wanted, related: kind => this.#related(kind, node, wanted) })
  }

  hiddenRules(user: User): string | undefined {
    const isNode = nodeNameOf(user) !== undefined
    return isNode ? 'node authorizer does not support user rule resolution' : undefined
  }

  async #related(kind: GraphKind, node: string, wanted: AccessAttributes): Promise<Decision> {
    const { namespace, name } = wanted
    if (name === '') return refused('No Object name found')
    return (await this.#graph.concerns({ kind, namespace, name }, node))
      ? allowed
      : refused(`no relationship found between node '${node}' and this object`)
  }
}
