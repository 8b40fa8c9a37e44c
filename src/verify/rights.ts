// What a run has to be allowed (RBAC), and what of it the user is not: asked with SelfSubjectAccessReviews,
// so that a check is skipped with the missing right named instead of failing half way.
import { selfSubjectAccessReviews } from '../api/resources/authorization.k8s.io/selfsubjectaccessreview.ts'
import { isForbidden, isNotFound } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import type { Check, Need, Permission } from './check.ts'
import type { VerifySettings } from './settings.ts'

/** One verb of a Permission. */
export interface Right {
  readonly group: string
  readonly resource: string
  readonly verb: string
  readonly scope: Permission['scope']
}

/** A right that the user has not, and the checks that need it. */
export interface MissingRight extends Right {
  readonly checks: readonly string[]
}

const read = (group: string, resource: string): Permission => ({
  group,
  resource,
  verbs: ['get', 'list'],
  scope: 'cluster',
})

/** What the inventory reads; without one of them the checks that look there are skipped. */
export const inventoryPermissions: readonly Permission[] = [
  read('', 'nodes'),
  read('', 'pods'),
  read('', 'services'),
  read('discovery.k8s.io', 'endpointslices'),
  read('networking.k8s.io', 'networkpolicies'),
  read('networking.k8s.io', 'servicecidrs'),
  read('networking.k8s.io', 'ipaddresses'),
]

const inNamespace = (resource: string, ...verbs: string[]): Permission => ({
  group: '',
  resource,
  verbs,
  scope: 'namespace',
})

const ofObjects = ['create', 'get', 'list', 'watch', 'delete']

const scratchPermissions: readonly Permission[] = [
  {
    group: '',
    resource: 'namespaces',
    verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'],
    scope: 'cluster',
  },
]

/** Marks a run in a namespace that is not its own. */
const anchorPermissions: readonly Permission[] = [inNamespace('configmaps', ...ofObjects, 'patch')]

const probePermissions = [inNamespace('pods', ...ofObjects), inNamespace('pods/log', 'get')]

const implied: Readonly<Record<Need, readonly Need[]>> = {
  write: [],
  probe: ['write'],
  traffic: ['probe', 'write'],
  hostNetwork: ['traffic', 'probe', 'write'],
  outside: [],
  nodePort: ['write'],
  loadBalancer: ['write'],
  egress: ['traffic', 'probe', 'write'],
}

/** The needs of a check and those that they imply. */
export const needsOf = ({ needs }: Pick<Check, 'needs'>): ReadonlySet<Need> =>
  new Set(needs.flatMap(need => [need, ...implied[need]]))

/** What one check has to be allowed beyond the inventory. */
export function permissionsOf(check: Check, { namespace }: Pick<VerifySettings, 'namespace'>): Permission[] {
  const needs = needsOf(check)
  const anchor = namespace === undefined ? scratchPermissions : anchorPermissions
  return [
    ...check.permissions,
    ...(needs.has('write') ? [...anchor, inNamespace('services', ...ofObjects)] : []),
    ...(needs.has('probe') ? probePermissions : []),
  ]
}

export const rightsOf = (permissions: readonly Permission[]): Right[] =>
  permissions.flatMap(({ group, resource, verbs, scope }) =>
    verbs.map(verb => ({ group, resource, verb, scope })),
  )

/** `create pods`, `list servicecidrs.networking.k8s.io`. */
export const nameRight = ({ group, resource, verb }: Right): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`

const keyOf = (right: Right) => `${right.scope} ${nameRight(right)}`

/** Asks each question once; a server that does not answer such questions counts as allowing everything. */
export class Rights {
  readonly #client: Client
  readonly #namespace: string | undefined
  readonly #answers = new Map<string, Promise<boolean>>()

  /** `namespace`: where the rights of the scope `namespace` are used; absent: in one still to be made. */
  constructor(client: Client, namespace: string | undefined) {
    this.#client = client
    this.#namespace = namespace
  }

  async missing(rights: readonly Right[]): Promise<Right[]> {
    const unique = [...new Map(rights.map(right => [keyOf(right), right])).values()]
    const allowed = await Promise.all(unique.map(right => this.#isAllowed(right)))
    return unique.filter((_, index) => !allowed[index])
  }

  #isAllowed(right: Right): Promise<boolean> {
    const key = keyOf(right)
    let answer = this.#answers.get(key)
    if (!answer) {
      answer = this.#ask(right)
      this.#answers.set(key, answer)
    }
    return answer
  }

  async #ask({ group, resource: path, verb, scope }: Right): Promise<boolean> {
    const [resource, subresource] = path.split('/')
    const namespace = scope === 'namespace' ? this.#namespace : undefined
    const resourceAttributes = { group, resource, subresource, verb, namespace }
    try {
      const review = await this.#client.create(selfSubjectAccessReviews, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        metadata: {},
        spec: { resourceAttributes },
      })
      return review.status?.allowed ?? false
    } catch (error) {
      if (isForbidden(error) || isNotFound(error)) return true
      throw error
    }
  }
}

/** By right, for each check what it lacks; checks that lack nothing are left out. */
export async function missingRights(
  rights: Rights,
  checks: readonly Check[],
  settings: VerifySettings,
): Promise<MissingRight[]> {
  const byKey = new Map<string, { right: Right; checks: string[] }>()
  await Promise.all(
    checks.map(async check => {
      for (const right of await rights.missing(rightsOf(permissionsOf(check, settings)))) {
        const entry = byKey.get(keyOf(right)) ?? { right, checks: [] }
        entry.checks.push(check.id)
        byKey.set(keyOf(right), entry)
      }
    }),
  )
  return [...byKey.values()].map(({ right, checks }) => ({ ...right, checks }))
}
