// What the checks of NetworkPolicies share: a probe that tells open from closed, and who may make policies.
import type { IPFamily } from '../ip/family.ts'
import type { Permission } from './check.ts'
import type { ProbeLine } from './traffic.ts'
import { notEvaluable, type Verdict } from './verdict.ts'

export type State = 'open' | 'closed'

/** For scripts: `state URL` prints the State of it. */
export const stateFunction =
  'state() { if http "$1" 2 >/dev/null 2>&1; then echo open; else echo closed; fi; }'

/** What a probe of a script said; one that said nothing found it closed. */
export const stateOf = (probe: ProbeLine | undefined): State => (probe?.output === 'open' ? 'open' : 'closed')

export const policyPermissions: readonly Permission[] = [
  {
    group: 'networking.k8s.io',
    resource: 'networkpolicies',
    verbs: ['create', 'delete'],
    scope: 'namespace',
  },
]

export const closedWithoutPolicy = (family: IPFamily): Verdict =>
  notEvaluable({
    en: `Pods do not reach each other over ${family} without a policy either (see POD-09)`,
    ja: `ポリシーがない状態でもPod同士が${family}で通信できません（POD-09を参照）`,
  })
