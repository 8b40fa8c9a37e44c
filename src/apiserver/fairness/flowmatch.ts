// Which requests a flow schema is for, and which of its flows one belongs to (KEP-1040).
import type {
  FlowcontrolV1Subject,
  FlowSchema,
  NonResourcePolicyRule,
  ResourcePolicyRule,
} from '../../api/generated/types.ts'
import type { User } from '../registry/registry.ts'
import type { RequestInfo } from '../requestinfo.ts'

const accountPrefix = 'system:serviceaccount:'
const has = (list: readonly string[] | undefined, value: string) =>
  list?.some(each => each === '*' || each === value) ?? false

function names({ kind, user, group, serviceAccount }: FlowcontrolV1Subject, who: User): boolean {
  switch (kind) {
    case 'User':
      return user?.name === '*' || user?.name === who.name
    case 'Group':
      return group?.name === '*' || who.groups.includes(group?.name ?? '')
    case 'ServiceAccount': {
      const { namespace = '', name = '' } = serviceAccount ?? {}
      const start = `${accountPrefix}${namespace}:`
      return name === '*' ? who.name.startsWith(start) : who.name === start + name
    }
    default:
      return false
  }
}

function allowsResource(rule: ResourcePolicyRule, info: RequestInfo): boolean {
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  return (
    has(rule.verbs, info.verb) &&
    has(rule.apiGroups, info.group) &&
    has(rule.resources, resource) &&
    (info.namespace === '' ? (rule.clusterScope ?? false) : has(rule.namespaces, info.namespace))
  )
}

function allowsPath(rule: NonResourcePolicyRule, { verb, path }: RequestInfo): boolean {
  const covers = (url: string) =>
    url === '*' || url === path || (url.endsWith('/*') && path.startsWith(url.slice(0, -1)))
  return has(rule.verbs, verb) && rule.nonResourceURLs.some(covers)
}

export function matches({ spec }: FlowSchema, who: User, info: RequestInfo): boolean {
  return (spec?.rules ?? []).some(
    ({ subjects, resourceRules = [], nonResourceRules = [] }) =>
      subjects.some(subject => names(subject, who)) &&
      (info.isResourceRequest
        ? resourceRules.some(rule => allowsResource(rule, info))
        : nonResourceRules.some(rule => allowsPath(rule, info))),
  )
}

/** Requests with the same one wait behind each other. */
export function distinguisherOf({ spec }: FlowSchema, who: User, info: RequestInfo): string {
  switch (spec?.distinguisherMethod?.type) {
    case 'ByUser':
      return who.name
    case 'ByNamespace':
      return info.namespace
    default:
      return ''
  }
}
