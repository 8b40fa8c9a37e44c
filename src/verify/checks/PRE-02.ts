// What the user may do, asked before anything is done: checks that lack a right are skipped, each with the
// right's name, and here is the whole list. verify never needs more than it prints with --print-role.
import { defineCheck } from '../check.ts'
import { type MissingRight, nameRight } from '../rights.ts'
import { pass, type Verdict, warn } from '../verdict.ts'

const showRight = (right: MissingRight) =>
  `${nameRight(right)} (${right.scope === 'namespace' ? 'scratch namespace' : 'cluster'}): ${right.checks.join(', ')}`

export function judgeRights(missing: readonly MissingRight[]): Verdict {
  if (missing.length === 0) return pass('SelfSubjectAccessReviews: all allowed')
  return warn({
    expected: {
      en: 'all rights that the selected checks need',
      ja: '選択した検証に必要な権限がすべてあること',
    },
    observed: missing.map(showRight).join('; '),
    cause: {
      en: 'The role of this user lacks them; the checks named are skipped',
      ja: 'このユーザーのロールに権限が不足しています。表示された検証はスキップされます',
    },
    remedy: {
      en: 'Grant the role that verify prints, with the same flags: futago verify --print-role | kubectl apply -f -, and bind it to this user.',
      ja: '同じフラグを指定してverifyが出力するロールを付与し(futago verify --print-role | kubectl apply -f -)、このユーザーにバインドしてください。',
    },
  })
}

export const userHasRights = defineCheck({
  id: 'PRE-02',
  title: { en: 'The user may do what the checks need', ja: 'ユーザーが検証に必要な権限を持つ' },
  section: 'preflight',
  severity: 'information',
  profile: 'quick',
  async run({ missingRights }) {
    return judgeRights(missingRights)
  },
})
