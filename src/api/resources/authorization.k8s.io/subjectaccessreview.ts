// SubjectAccessReview: asks whether someone may do something. Answered at once, never stored.
import type { SubjectAccessReview } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'

export const subjectAccessReviews = defineResource<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  resource: 'subjectaccessreviews',
  namespaced: false,
  verbs: ['create'],
})
