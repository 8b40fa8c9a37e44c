// SelfSubjectReview: asks who one is, as `kubectl auth whoami` does (KEP-3325). Answered at once, never
// stored.
import type { SelfSubjectReview } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'

export const selfSubjectReviews = defineResource<SelfSubjectReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  resource: 'selfsubjectreviews',
  namespaced: false,
  verbs: ['create'],
})
