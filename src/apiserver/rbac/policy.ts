// Which rules a user has: the bindings that name them or their groups, and the roles that these refer to,
// read from the registries' watch caches. An index by subject is made anew only when bindings have changed
// (upstream's plugin/pkg/auth/authorizer/rbac).
import type { PolicyRule, RbacV1Subject, Role } from '../../api/generated/types.ts'
import type { AnyBinding } from '../../api/resources/rbac.authorization.k8s.io/binding.ts'
import { isNotFound } from '../../api/status.ts'
import type { RegistryLookup, RequestContext, StoredObject, User } from '../registry/registry.ts'
import { type AccessAttributes, ruleAllows } from './policyrule.ts'

const group = 'rbac.authorization.k8s.io'
const context: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  warn: () => undefined,
}

/** A binding that gives a user a role. */
export interface Grant {
  readonly binding: AnyBinding
  readonly subject: RbacV1Subject
}

export interface Decision {
  readonly allowed: boolean
  readonly reason: string
}

const serviceAccountPrefix = 'system:serviceaccount:'

function subjectKey({ kind, name, namespace }: RbacV1Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind}:${name}`
  return `User:${serviceAccountPrefix}${namespace || bindingNamespace}:${name}`
}

/** Bindings of one kind by whom they name: `User:jane`, `Group:ops`; per namespace. */
class BindingIndex {
  readonly #lookup: RegistryLookup
  readonly #resource: string
  #seen: readonly StoredObject[] | undefined
  #grants = new Map<string, Grant[]>()

  constructor(lookup: RegistryLookup, resource: string) {
    this.#lookup = lookup
    this.#resource = resource
  }

  async of(user: User, namespace: string): Promise<Grant[]> {
    const { items = [] } = (await this.#lookup(group, 'v1', this.#resource)?.list(context, {})) ?? {}
    if (items !== this.#seen) this.#rebuild(items)
    const keys = [`User:${user.name}`, ...user.groups.map(name => `Group:${name}`)]
    return keys.flatMap(key => this.#grants.get(`${namespace}/${key}`) ?? [])
  }

  #rebuild(items: readonly StoredObject[]): void {
    this.#grants = new Map()
    for (const { object } of items) {
      const binding = object as AnyBinding
      const namespace = binding.metadata.namespace ?? ''
      for (const subject of binding.subjects ?? []) {
        const key = `${namespace}/${subjectKey(subject, namespace)}`
        const grants = this.#grants.get(key)
        if (grants) grants.push({ binding, subject })
        else this.#grants.set(key, [{ binding, subject }])
      }
    }
    this.#seen = items
  }
}

function describe({ binding, subject }: Grant): string {
  const { namespace, name } = binding.metadata
  const which = namespace ? `RoleBinding "${name}/${namespace}"` : `ClusterRoleBinding "${name}"`
  const whom =
    subject.kind === 'ServiceAccount'
      ? `ServiceAccount "${subject.name}/${subject.namespace || namespace}"`
      : `${subject.kind} "${subject.name}"`
  return `RBAC: allowed by ${which} of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${whom}`
}

/** Whoever is in this group may do everything, whatever the objects say. */
const isMaster = (user: User) => user.groups.includes('system:masters')
const everything: PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]

export class RBACPolicy {
  readonly #lookup: RegistryLookup
  readonly #clusterBindings: BindingIndex
  readonly #bindings: BindingIndex

  constructor(lookup: RegistryLookup) {
    this.#lookup = lookup
    this.#clusterBindings = new BindingIndex(lookup, 'clusterrolebindings')
    this.#bindings = new BindingIndex(lookup, 'rolebindings')
  }

  async decide(user: User, wanted: AccessAttributes): Promise<Decision> {
    if (isMaster(user)) return { allowed: true, reason: '' }
    const problems: string[] = []
    for (const grant of await this.#grants(user, wanted.namespace)) {
      const rules = await this.#rulesOf(grant.binding)
      if (!rules) problems.push(missing(grant.binding))
      if (rules?.some(rule => ruleAllows(rule, wanted))) return { allowed: true, reason: describe(grant) }
    }
    return { allowed: false, reason: problems.length > 0 ? `RBAC: ${listOf(problems)}` : '' }
  }

  /** Everything the user may do in a namespace, or outside of any. */
  async rulesOf(user: User, namespace: string): Promise<PolicyRule[]> {
    if (isMaster(user)) return everything
    const rules: PolicyRule[] = []
    for (const { binding } of await this.#grants(user, namespace)) {
      rules.push(...((await this.#rulesOf(binding)) ?? []))
    }
    return rules
  }

  async #grants(user: User, namespace: string): Promise<Grant[]> {
    const everywhere = await this.#clusterBindings.of(user, '')
    return namespace === '' ? everywhere : [...everywhere, ...(await this.#bindings.of(user, namespace))]
  }

  /** Of the role that a binding refers to; undefined when there is none. */
  async roleRules(roleRef: AnyBinding['roleRef'], namespace: string): Promise<PolicyRule[] | undefined> {
    const isNamespaced = roleRef.kind === 'Role'
    const registry = this.#lookup(group, 'v1', isNamespaced ? 'roles' : 'clusterroles')
    try {
      const stored = await registry?.get(context, isNamespaced ? namespace : '', roleRef.name)
      return stored && ((stored.object as Role).rules ?? [])
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #rulesOf({ roleRef, metadata }: AnyBinding): Promise<PolicyRule[] | undefined> {
    return this.roleRules(roleRef, metadata.namespace ?? '')
  }
}

const missing = ({ roleRef }: AnyBinding) => {
  const resource = roleRef.kind === 'Role' ? 'role' : 'clusterrole'
  return `${resource}.${group} "${roleRef.name}" not found`
}

const listOf = (texts: readonly string[]) => {
  const all = [...new Set(texts)]
  return all.length === 1 ? all[0] : `[${all.join(', ')}]`
}
