// The server's two places of judgement: the authorization filter, and the reviews by which others ask
// (SubjectAccessReview and its kin, upstream's pkg/registry/authorization).
import type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../../api/generated/types.ts'
import { formatFieldSelector } from '../../api/meta/fieldselector.ts'
import type { KubeObject } from '../../api/object.ts'
import { badRequest } from '../../api/status.ts'
import type { Authorizer } from '../filters/authorization.ts'
import type { RequestContext, User } from '../registry/registry.ts'
import type { Answerer } from '../registry/virtual.ts'
import type { Decider } from './chain.ts'
import type { RBACPolicy } from './policy.ts'
import type { AccessAttributes } from './policyrule.ts'
import { type Asked, checkLocalReview, checkReview, checkSelfReview } from './reviewvalidation.ts'

export const authorizerOf =
  (decider: Decider): Authorizer =>
  async (user, info, granted) => {
    const { allowed, reason } = await decider.decide(user, info)
    if (allowed) granted?.(reason)
    return allowed ? undefined : reason
  }

/** Requirements that say the same as a field selector's text; others are left out, which allows no more. */
function selectorOf({ fieldSelector }: ResourceAttributes): { readonly fieldSelector?: string } {
  const { rawSelector, requirements = [] } = fieldSelector ?? {}
  const text =
    rawSelector ??
    formatFieldSelector(
      requirements.flatMap(({ key: field, operator, values = [] }) =>
        operator === 'In' && values.length === 1
          ? [{ field, operator: '=' as const, value: values[0]! }]
          : [],
      ),
    )
  return text === '' ? {} : { fieldSelector: text }
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
  ...selectorOf(asked),
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

function attributesOf({ resourceAttributes, nonResourceAttributes }: Asked): AccessAttributes {
  return resourceAttributes
    ? ofResource(resourceAttributes)
    : ofPath(nonResourceAttributes!.path ?? '', nonResourceAttributes!.verb ?? '')
}

const userOf = ({ user = '', groups = [], uid }: SubjectAccessReviewSpec): User => ({
  name: user,
  groups,
  ...(uid ? { uid } : {}),
})

async function judged(decider: Decider, object: KubeObject, user: User): Promise<KubeObject> {
  const { allowed, reason } = await decider.decide(user, attributesOf((object as SubjectAccessReview).spec))
  return { ...object, status: { allowed, ...(reason ? { reason } : {}) } } as KubeObject
}

async function rulesReview(
  { decider, policy }: { decider: Decider; policy: RBACPolicy },
  object: KubeObject,
  { user }: RequestContext,
) {
  const { namespace } = (object as SelfSubjectRulesReview).spec
  if (!namespace) throw badRequest('no namespace on request')
  const rules = await policy.rulesOf(user, namespace)
  const hidden = decider.hiddenRules?.(user)
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
    incomplete: hidden !== undefined,
    ...(hidden ? { evaluationError: hidden } : {}),
  }
  return { ...object, status } as KubeObject
}

/** By `group/resource`. */
export const accessReviews = (decider: Decider, policy: RBACPolicy): Readonly<Record<string, Answerer>> => ({
  'authorization.k8s.io/selfsubjectaccessreviews': (object, { context }) => {
    checkSelfReview(object, (object as SelfSubjectAccessReview).spec)
    return judged(decider, object, context.user)
  },
  'authorization.k8s.io/subjectaccessreviews': object => {
    const { spec } = object as SubjectAccessReview
    checkReview(object, spec)
    return judged(decider, object, userOf(spec))
  },
  'authorization.k8s.io/localsubjectaccessreviews': (object, { namespace }) => {
    const review = object as LocalSubjectAccessReview
    checkLocalReview(review, namespace)
    return judged(decider, object, userOf(review.spec))
  },
  'authorization.k8s.io/selfsubjectrulesreviews': (object, { context }) =>
    rulesReview({ decider, policy }, object, context),
})
