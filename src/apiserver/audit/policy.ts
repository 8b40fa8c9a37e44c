// Which requests are recorded, and how much of them: an audit policy (audit.k8s.io/v1 Policy) of rules, the
// first of which that fits decides. Follows upstream's k8s.io/apiserver pkg/audit/policy and its validation.
import { dns1123Subdomain } from '../../api/meta/names.ts'
import {
  type Check,
  hasFields,
  isAnything,
  isFlag,
  isListOf,
  isOneOf,
  isText,
  refuse,
} from '../documentchecks.ts'
import type { User } from '../registry/registry.ts'
import type { RequestInfo } from '../requestinfo.ts'

export const auditLevels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type AuditLevel = (typeof auditLevels)[number]

export const auditStages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type AuditStage = (typeof auditStages)[number]

interface GroupResources {
  readonly group?: string
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

interface Rule {
  readonly level: AuditLevel
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly GroupResources[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly AuditStage[]
  readonly omitManagedFields?: boolean
}

interface PolicyDocument {
  readonly rules: readonly Rule[]
  readonly omitStages?: readonly AuditStage[]
  readonly omitManagedFields?: boolean
}

export interface AuditDecision {
  readonly level: AuditLevel
  readonly omitStages: ReadonlySet<AuditStage>
  readonly omitManagedFields: boolean
}

/** `user` is absent for whom nobody knows. */
export type AuditPolicy = (user: User | undefined, info: RequestInfo) => AuditDecision

const url: Check = (value, path) => {
  isText(value, path)
  const text = value as string
  if (text === '*') return
  if (!text.startsWith('/')) refuse(path, "non-resource URL rules must begin with a '/' character")
  if (text.slice(0, -1).includes('*')) {
    refuse(path, "non-resource URL wildcards '*' must be the final character of the rule")
  }
}

const group: Check = (value, path) => {
  isText(value, path)
  const [problem] = value === '' ? [] : dns1123Subdomain(value as string)
  if (problem) refuse(path, problem)
}

const stages = isListOf(isOneOf(auditStages))
const texts = isListOf(isText)

const groupResources: Check = (value, path) => {
  hasFields({ optional: { group, resources: texts, resourceNames: texts } })(value, path)
  const { resources, resourceNames } = value as GroupResources
  if (resourceNames?.length && !resources?.length) {
    refuse(`${path}.resourceNames`, 'using resourceNames requires at least one resource')
  }
}

const ruleFields = hasFields({
  required: { level: isOneOf(auditLevels) },
  optional: {
    users: texts,
    userGroups: texts,
    verbs: texts,
    resources: isListOf(groupResources),
    namespaces: texts,
    nonResourceURLs: isListOf(url),
    omitStages: stages,
    omitManagedFields: isFlag,
  },
})

const rule: Check = (value, path) => {
  ruleFields(value, path)
  const { nonResourceURLs, resources, namespaces } = value as Rule
  if (nonResourceURLs?.length && (resources?.length || namespaces?.length)) {
    refuse(`${path}.nonResourceURLs`, 'rules cannot apply to both regular resources and non-resource URLs')
  }
}

const policyDocument = hasFields({
  required: {
    apiVersion: isOneOf(['audit.k8s.io/v1']),
    kind: isOneOf(['Policy']),
    rules: isListOf(rule),
  },
  optional: { metadata: isAnything, omitStages: stages, omitManagedFields: isFlag },
})

const names = (list: readonly string[] | undefined, name: string) => !list?.length || list.includes(name)

function namesUser({ users, userGroups }: Rule, user: User | undefined): boolean {
  if (users?.length && !(user && users.includes(user.name))) return false
  return !userGroups?.length || (user?.groups.some(group => userGroups.includes(group)) ?? false)
}

const namesPath = (spec: string, path: string) =>
  spec === '*' || spec === path || (spec.endsWith('*') && path.startsWith(spec.replace(/\*+$/, '')))

function namesResource(list: readonly GroupResources[], info: RequestInfo): boolean {
  const { resource, subresource } = info
  const whole = subresource === '' ? resource : `${resource}/${subresource}`
  const isMeant = (spec: string) =>
    spec === '*' ||
    spec === whole ||
    (subresource !== '' && spec === `*/${subresource}`) ||
    spec === `${resource}/*`
  return list.some(
    ({ group = '', resources, resourceNames }) =>
      group === info.group &&
      (!resources?.length || (names(resourceNames, info.name) && resources.some(isMeant))),
  )
}

function fits(rule: Rule, user: User | undefined, info: RequestInfo): boolean {
  if (!namesUser(rule, user) || !names(rule.verbs, info.verb)) return false
  const { namespaces, resources, nonResourceURLs } = rule
  if (namespaces?.length || resources?.length) {
    if (!info.isResourceRequest || !names(namespaces, info.namespace)) return false
    return !resources?.length || namesResource(resources, info)
  }
  if (!nonResourceURLs?.length) return true
  return !info.isResourceRequest && nonResourceURLs.some(spec => namesPath(spec, info.path))
}

/** `document` is the policy as it was parsed from YAML. Throws an Error that names the field. */
export function compileAuditPolicy(document: unknown): AuditPolicy {
  policyDocument(document, '')
  const { rules, omitStages, omitManagedFields } = document as PolicyDocument
  const decide = (level: AuditLevel, rule?: Rule): AuditDecision => ({
    level,
    omitStages: new Set([...(omitStages ?? []), ...(rule?.omitStages ?? [])]),
    omitManagedFields: rule?.omitManagedFields ?? omitManagedFields ?? false,
  })
  const compiled = rules.map(rule => ({ rule, decision: decide(rule.level, rule) }))
  const otherwise = decide('None')
  return (user, info) => compiled.find(({ rule }) => fits(rule, user, info))?.decision ?? otherwise
}
