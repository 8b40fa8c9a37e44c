// SelfSubjectRulesReview: asks for all that one may do in a namespace. Answered at once, never stored.
import type { SelfSubjectRulesReview } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'

export const selfSubjectRulesReviews = defineResource<SelfSubjectRulesReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  resource: 'selfsubjectrulesreviews',
  namespaced: false,
  verbs: ['create'],
})
