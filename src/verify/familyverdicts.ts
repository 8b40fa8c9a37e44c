// Verdicts per family: which families a failed requirement takes away, and what is said of a family that was
// not looked at.
import type { IPFamilies, IPFamily } from '../ip/family.ts'
import { otherFamily } from '../ip/family.ts'
import type { Mode } from './check.ts'
import type { VerifySettings } from './settings.ts'
import { type FamilyVerdicts, skip, type Verdict } from './verdict.ts'

/** Family -> the checks whose failure makes looking at it pointless. */
export type Blocked = ReadonlyMap<IPFamily, readonly string[]>

export interface Required {
  readonly id: string
  readonly families: FamilyVerdicts
  readonly blocked: Blocked
}

/** What is blocked there is blocked here, by the same failures. */
export function blockedFamilies(families: IPFamilies, required: readonly Required[]): Blocked {
  const blocked = new Map<IPFamily, readonly string[]>()
  for (const family of families) {
    const failed = required.filter(check => check.families[family]?.outcome === 'fail').map(({ id }) => id)
    const inherited = required.flatMap(check => check.blocked.get(family) ?? [])
    const ids = [...new Set([...failed, ...inherited])].sort()
    if (ids.length > 0) blocked.set(family, ids)
  }
  return blocked
}

const skipAfter = (ids: readonly string[]): Verdict =>
  skip({
    en: `builds on what failed: ${ids.join(', ')}`,
    ja: `前提となるチェックが失敗しています: ${ids.join(', ')}`,
  })

export const everyFamily = (families: IPFamilies, verdict: Verdict): FamilyVerdicts =>
  Object.fromEntries(families.map(family => [family, verdict]))

/** With a skip in place of the verdict of each family that is blocked. */
export const withoutBlocked = (verdicts: FamilyVerdicts, blocked: Blocked): FamilyVerdicts => ({
  ...verdicts,
  ...Object.fromEntries([...blocked].map(([family, ids]) => [family, skipAfter(ids)])),
})

/** Says of the other family why nothing is said about it. */
export function withOtherFamily(
  verdicts: FamilyVerdicts,
  context: {
    readonly mode: Mode
    readonly families: IPFamilies
    readonly settings: Pick<VerifySettings, 'expect'>
  },
): FamilyVerdicts {
  const { mode, families, settings } = context
  if (families.length !== 1) return verdicts
  const other = otherFamily(families[0]!)
  if (verdicts[other] !== undefined) return verdicts
  const reason = mode.families.includes(other)
    ? {
        en: `${other} is not expected here (--expect ${settings.expect})`,
        ja: `${other} は対象外です（--expect ${settings.expect}）`,
      }
    : {
        en: `the cluster has no ${other}: it is single-stack (see PRE-03)`,
        ja: `クラスターに ${other} がありません（シングルスタック、PRE-03を参照）`,
      }
  return { ...verdicts, [other]: skip(reason) }
}
