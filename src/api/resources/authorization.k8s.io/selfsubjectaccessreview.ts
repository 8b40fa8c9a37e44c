// SelfSubjectAccessReview: asks whether one may do something, as `kubectl auth can-i` does. Answered at
// once, never stored.
import type { SelfSubjectAccessReview } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'

export const selfSubjectAccessReviews = defineResource<SelfSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  resource: 'selfsubjectaccessreviews',
  namespaced: false,
  verbs: ['create'],
})
