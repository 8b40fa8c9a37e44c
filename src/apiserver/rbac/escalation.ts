// Nobody gives away rights that they do not have: writing a role takes its rules, or the verb `escalate`;
// writing a binding takes the rules of the role it refers to, or the verb `bind` (upstream's
// pkg/registry/rbac/*/policybased). Whatever changes in a role or binding is judged: a label can give rights
// away too, to aggregated roles.
import type { ClusterRole, PolicyRule } from '../../api/generated/types.ts'
import { sameValue } from '../../api/meta/objectmeta.ts'
import type { AnyBinding } from '../../api/resources/rbac.authorization.k8s.io/binding.ts'
import { notFound } from '../../api/status.ts'
import { type AdmissionAttributes, type AdmissionPluginFactory, refusal } from '../admission/admission.ts'
import type { User } from '../registry/registry.ts'
import type { RBACPolicy } from './policy.ts'
import { compact, formatRule, uncovered } from './policyrule.ts'

const group = 'rbac.authorization.k8s.io'
const roles = new Set(['roles', 'clusterroles'])
const bindings = new Set(['rolebindings', 'clusterrolebindings'])

export const escalationPlugin =
  (policy: RBACPolicy): AdmissionPluginFactory =>
  () => ({
    name: 'RBACEscalation',
    validate(attributes) {
      const { resource, operation, context } = attributes
      if (resource.group !== group || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined
      if (context.user.groups.includes('system:masters')) return undefined
      if (roles.has(resource.resource)) return checkRole(policy, attributes)
      return bindings.has(resource.resource) ? checkBinding(policy, attributes) : undefined
    },
  })

interface Permission {
  readonly verb: 'escalate' | 'bind'
  readonly resource: string
  readonly name: string
  readonly namespace: string
}

const isAllowed = async (policy: RBACPolicy, user: User, wanted: Permission): Promise<boolean> => {
  const asked = { ...wanted, isResourceRequest: true, group, subresource: '', path: '' }
  return (await policy.decide(user, asked)).allowed
}

/** Who cleans up may do so: owners and finalizers are no rights. */
function onlyCleansUp({ object, oldObject }: AdmissionAttributes): boolean {
  if (!object || !oldObject) return false
  const { ownerReferences, finalizers, managedFields } = oldObject.metadata
  return sameValue(
    { ...object, metadata: { ...object.metadata, ownerReferences, finalizers, managedFields } },
    oldObject,
  )
}

/** What an aggregated role may come to grant, as anybody can add to it. */
const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]

async function checkRole(policy: RBACPolicy, attributes: AdmissionAttributes): Promise<void> {
  const { resource, namespace, name, object, oldObject, context } = attributes
  const { rules = [], aggregationRule } = object as ClusterRole
  const wanted = { verb: 'escalate', resource: resource.resource, name, namespace } as const
  if (onlyCleansUp(attributes) || (await isAllowed(policy, context.user, wanted))) return
  await refuseUncovered(policy, attributes, rules)
  if (!aggregationRule && !(oldObject as ClusterRole | undefined)?.aggregationRule) return
  if (uncovered(await policy.rulesOf(context.user, namespace), everything).length === 0) return
  throw refusal(attributes, 'must have cluster-admin privileges to use the aggregationRule')
}

async function checkBinding(policy: RBACPolicy, attributes: AdmissionAttributes): Promise<void> {
  const { namespace, object, context } = attributes
  const { roleRef } = object as AnyBinding
  if (onlyCleansUp(attributes)) return
  const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles'
  const wanted = { verb: 'bind', resource, name: roleRef.name, namespace } as const
  if (await isAllowed(policy, context.user, wanted)) return
  const rules = await policy.roleRules(roleRef, namespace)
  if (!rules) throw notFound({ group, resource }, roleRef.name)
  await refuseUncovered(policy, attributes, rules)
}

async function refuseUncovered(
  policy: RBACPolicy,
  attributes: AdmissionAttributes,
  rules: readonly PolicyRule[],
): Promise<void> {
  const { user } = attributes.context
  const missing = uncovered(await policy.rulesOf(user, attributes.namespace), rules)
  if (missing.length === 0) return
  const groups = user.groups.map(name => JSON.stringify(name)).join(' ')
  const who = `user ${JSON.stringify(user.name)} (groups=[${groups}])`
  const lines = [...new Set(compact(missing).map(formatRule))].sort().join('\n')
  throw refusal(attributes, `${who} is attempting to grant RBAC permissions not currently held:\n${lines}`)
}
