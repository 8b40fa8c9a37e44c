// TokenReview: asks whose token this is. Answered at once, never stored.
import type { TokenReview } from '../../generated/types.ts'
import { defineResource } from '../../resource.ts'

export const tokenReviews = defineResource<TokenReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  resource: 'tokenreviews',
  namespaced: false,
  verbs: ['create'],
})
