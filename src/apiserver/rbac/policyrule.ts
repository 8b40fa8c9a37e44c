// What one PolicyRule allows, and whether rules a person has cover rules they want to give away (upstream's
// pkg/apis/rbac/v1 evaluation_helpers.go and component-helpers auth/rbac/validation).
import type { PolicyRule } from '../../api/generated/types.ts'

/** What a request wants, as RBAC sees it. */
export interface AccessAttributes {
  readonly verb: string
  readonly isResourceRequest: boolean
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** Empty: at the cluster scope, or in all namespaces. */
  readonly namespace: string
  /** Of a request for several objects. */
  readonly fieldSelector?: string
  /** Of a request that is about no resource. */
  readonly path: string
}

const holds = (list: readonly string[] | undefined, value: string) =>
  list !== undefined && (list.includes('*') || list.includes(value))

function holdsResource(rule: PolicyRule, { resource, subresource }: AccessAttributes): boolean {
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  return (
    holds(rule.resources, combined) ||
    (subresource !== '' && (rule.resources ?? []).includes(`*/${subresource}`))
  )
}

const holdsName = ({ resourceNames }: PolicyRule, name: string) =>
  !resourceNames?.length || resourceNames.includes(name)

const matchesPath = (pattern: string, path: string) =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))

export function ruleAllows(rule: PolicyRule, wanted: AccessAttributes): boolean {
  if (!holds(rule.verbs, wanted.verb)) return false
  if (!wanted.isResourceRequest) {
    return (rule.nonResourceURLs ?? []).some(pattern => matchesPath(pattern, wanted.path))
  }
  return holds(rule.apiGroups, wanted.group) && holdsResource(rule, wanted) && holdsName(rule, wanted.name)
}

/** A rule cut into pieces with one verb, one group, one resource and at most one name each. */
function pieces(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const names = resourceNames.length > 0 ? resourceNames.map(name => [name]) : [undefined]
  const ofResources = apiGroups.flatMap(group =>
    resources.flatMap(resource =>
      names.flatMap(name =>
        verbs.map(verb => ({
          apiGroups: [group],
          resources: [resource],
          verbs: [verb],
          ...(name ? { resourceNames: name } : {}),
        })),
      ),
    ),
  )
  const ofPaths = nonResourceURLs.flatMap(path =>
    verbs.map(verb => ({ nonResourceURLs: [path], verbs: [verb] })),
  )
  return [...ofResources, ...ofPaths]
}

/** Whether one owned rule covers one piece. */
function coversPiece(owned: PolicyRule, piece: PolicyRule): boolean {
  if (!holds(owned.verbs, piece.verbs[0]!)) return false
  const path = piece.nonResourceURLs?.[0]
  if (path !== undefined) return (owned.nonResourceURLs ?? []).some(pattern => matchesPath(pattern, path))
  const [resource = '', subresource] = piece.resources![0]!.split('/')
  const holdsThis =
    holds(owned.resources, piece.resources![0]!) ||
    (subresource !== undefined && resource !== '*' && (owned.resources ?? []).includes(`*/${subresource}`))
  const name = piece.resourceNames?.[0]
  const holdsNames =
    !owned.resourceNames?.length || (name !== undefined && owned.resourceNames.includes(name))
  return holds(owned.apiGroups, piece.apiGroups![0]!) && holdsThis && holdsNames
}

/** What of the wanted rules the owned ones do not cover, in pieces. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(pieces).filter(piece => !owned.some(rule => coversPiece(rule, piece)))
}

/** Joins pieces that differ only in their verb. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const byRest = new Map<string, PolicyRule>()
  for (const { verbs, ...rest } of rules) {
    const key = JSON.stringify(rest)
    const known = byRest.get(key)
    byRest.set(key, { ...rest, verbs: [...new Set([...(known?.verbs ?? []), ...verbs])] })
  }
  return [...byRest.values()]
}

const list = (values: readonly string[]) => `[${values.map(value => JSON.stringify(value)).join(' ')}]`

/** As upstream's messages show a rule: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function formatRule({
  apiGroups,
  resources,
  resourceNames,
  nonResourceURLs,
  verbs,
}: PolicyRule): string {
  const parts = [
    ...(apiGroups?.length ? [`APIGroups:${list(apiGroups)}`] : []),
    ...(resources?.length ? [`Resources:${list(resources)}`] : []),
    ...(resourceNames?.length ? [`ResourceNames:${list(resourceNames)}`] : []),
    ...(nonResourceURLs?.length ? [`NonResourceURLs:${list(nonResourceURLs)}`] : []),
    ...(verbs.length > 0 ? [`Verbs:${list(verbs)}`] : []),
  ]
  return `{${parts.join(', ')}}`
}
