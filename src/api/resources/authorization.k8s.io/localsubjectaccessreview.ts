// LocalSubjectAccessReview: asks whether someone may do something in one namespace. Answered at once, never
// stored.
import type { LocalSubjectAccessReview } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'

export const localSubjectAccessReviews = defineResource<LocalSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  resource: 'localsubjectaccessreviews',
  namespaced: true,
  verbs: ['create'],
})
