// Several authorizers, asked one after the other: the first that allows decides; when none does, all their
// reasons are told (upstream's k8s.io/apiserver pkg/authorization/union).
import type { User } from '../registry/registry.ts'
import type { Decision } from './policy.ts'
import type { AccessAttributes } from './policyrule.ts'

export interface Decider {
  decide(user: User, wanted: AccessAttributes): Promise<Decision>
  /** Why not all that the user may do can be told as rules. */
  hiddenRules?(user: User): string | undefined
}

export const chainOf = (deciders: readonly Decider[]): Decider => ({
  async decide(user, wanted) {
    const reasons: string[] = []
    for (const decider of deciders) {
      const decision = await decider.decide(user, wanted)
      if (decision.allowed) return decision
      if (decision.reason !== '') reasons.push(decision.reason)
    }
    return { allowed: false, reason: reasons.join('\n') }
  },
  hiddenRules: user => deciders.map(decider => decider.hiddenRules?.(user)).find(Boolean),
})
