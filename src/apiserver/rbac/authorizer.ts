// RBAC at the server's two places of judgement: the authorization filter, and the reviews by which others ask
// (SubjectAccessReview and its kin, upstream's pkg/registry/authorization).
import type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../../api/generated/types.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest } from '../../api/status.ts'
import type { Authorizer } from '../filters/authorization.ts'
import type { RequestContext, User } from '../registry/registry.ts'
import type { Answerer } from '../registry/virtual.ts'
import type { RBACPolicy } from './policy.ts'
import type { AccessAttributes } from './policyrule.ts'

export const rbacAuthorizer =
  (policy: RBACPolicy): Authorizer =>
  async (user, info, granted) => {
    const { allowed, reason } = await policy.decide(user, info)
    if (allowed) granted?.(reason)
    return allowed ? undefined : reason
  }

const ofResource = (asked: ResourceAttributes): AccessAttributes => ({
  isResourceRequest: true,
  verb: asked.verb ?? '',
  group: asked.group ?? '',
  resource: asked.resource ?? '',
  subresource: asked.subresource ?? '',
  name: asked.name ?? '',
  namespace: asked.namespace ?? '',
  path: '',
})

const ofPath = (path: string, verb: string): AccessAttributes => ({
  isResourceRequest: false,
  verb,
  group: '',
  resource: '',
  subresource: '',
  name: '',
  namespace: '',
  path,
})

type Asked = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>

function attributesOf({ resourceAttributes, nonResourceAttributes }: Asked): AccessAttributes {
  if (Boolean(resourceAttributes) === Boolean(nonResourceAttributes)) {
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
  }
  return resourceAttributes
    ? ofResource(resourceAttributes)
    : ofPath(nonResourceAttributes!.path ?? '', nonResourceAttributes!.verb ?? '')
}

const userOf = ({ user = '', groups = [], uid }: SubjectAccessReviewSpec): User => ({
  name: user,
  groups,
  ...(uid ? { uid } : {}),
})

async function judged(policy: RBACPolicy, object: KubeObject, user: User): Promise<KubeObject> {
  const { allowed, reason } = await policy.decide(user, attributesOf((object as SubjectAccessReview).spec))
  return { ...object, status: { allowed, ...(reason ? { reason } : {}) } } as KubeObject
}

async function rulesReview(policy: RBACPolicy, object: KubeObject, { user }: RequestContext) {
  const { namespace } = (object as SelfSubjectRulesReview).spec
  if (!namespace) throw badRequest('no namespace on request')
  const rules = await policy.rulesOf(user, namespace)
  const status = {
    resourceRules: rules
      .filter(({ resources }) => resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames ? { resourceNames } : {}),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  }
  return { ...object, status } as KubeObject
}

/** By `group/resource`. */
export const accessReviews = (policy: RBACPolicy): Readonly<Record<string, Answerer>> => ({
  'authorization.k8s.io/selfsubjectaccessreviews': (object, { context }) =>
    judged(policy, object, context.user),
  'authorization.k8s.io/subjectaccessreviews': object =>
    judged(policy, object, userOf((object as SubjectAccessReview).spec)),
  'authorization.k8s.io/localsubjectaccessreviews': (object, { namespace }) => {
    const { spec } = object as LocalSubjectAccessReview
    if ((spec.resourceAttributes?.namespace ?? '') !== namespace) {
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`)
    }
    return judged(policy, object, userOf(spec))
  },
  'authorization.k8s.io/selfsubjectrulesreviews': (object, { context }) =>
    rulesReview(policy, object, context),
})
