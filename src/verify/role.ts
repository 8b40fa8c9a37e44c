// The RBAC roles that a run needs, computed from its checks: `futago verify --print-role | kubectl apply -f
// -`. With --namespace everything that writes is confined to a Role in that namespace; without it, the
// namespace is yet to be made, so that the ClusterRole has to name what is done there.
import type { ClusterRole, PolicyRule, Role } from '../api/generated/types.ts'
import type { Check, Permission } from './check.ts'
import { inventoryPermissions, permissionsOf } from './rights.ts'
import type { VerifySettings } from './settings.ts'

const name = 'futago-verify'

/** Rules with the same group and verbs become one, in a stable order. */
function rulesOf(permissions: readonly Permission[]): PolicyRule[] {
  const verbs = new Map<string, Set<string>>()
  for (const { group, resource, verbs: wanted } of permissions) {
    const key = `${group} ${resource}`
    verbs.set(key, new Set([...(verbs.get(key) ?? []), ...wanted]))
  }
  const rules = new Map<string, { group: string; resources: string[]; verbs: string[] }>()
  for (const [key, set] of [...verbs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [group = '', resource = ''] = key.split(' ')
    const list = [...set].sort()
    const rule = rules.get(`${group} ${list}`) ?? { group, resources: [], verbs: list }
    rule.resources.push(resource)
    rules.set(`${group} ${list}`, rule)
  }
  return [...rules.values()].map(({ group, resources, verbs }) => ({ apiGroups: [group], resources, verbs }))
}

/** One ClusterRole, and with `namespace` a Role in it. */
export function rolesFor(
  checks: readonly Check[],
  settings: Pick<VerifySettings, 'namespace'>,
): (ClusterRole | Role)[] {
  const { namespace } = settings
  const own = checks.flatMap(check => permissionsOf(check, settings))
  const trial: Permission = { group: '', resource: 'services', verbs: ['create'], scope: 'namespace' }
  const all = [...inventoryPermissions, trial, ...own]
  const inNamespace = all.filter(({ scope }) => scope === 'namespace')
  const everywhere = all.filter(({ scope }) => scope === 'cluster')
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const clusterRole: ClusterRole = {
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name },
    rules: rulesOf(namespace === undefined ? all : everywhere),
  }
  if (namespace === undefined) return [clusterRole]
  const rules = rulesOf(inNamespace)
  return [clusterRole, { apiVersion, kind: 'Role', metadata: { name, namespace }, rules }]
}

/** As YAML documents, with how to hand them out. */
export async function formatRoles(roles: readonly (ClusterRole | Role)[]): Promise<string> {
  const { dump } = await import('js-yaml')
  const binding = roles.map(role =>
    role.kind === 'Role'
      ? `# kubectl -n ${role.metadata.namespace} create rolebinding ${name} --role ${name} --user NAME\n`
      : `# kubectl create clusterrolebinding ${name} --clusterrole ${name} --user NAME\n`,
  )
  const documents = roles.map(role => dump(role, { lineWidth: -1 }))
  return `${binding.join('')}${documents.map(text => `---\n${text}`).join('')}`
}
