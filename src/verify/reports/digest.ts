// What the reports for people draw from a Report: which families have a column, how a check ended as a whole,
// its findings with equal ones of both families told once, reasons told once for all checks that share them,
// and the verdict on the cluster in a sentence.
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import { type Section, severities } from '../check.ts'
import type { CheckResult, Report } from '../report.ts'
import type { Text } from '../text.ts'
import { type Finding, type Outcome, outcomes } from '../verdict.ts'
import { listFamilies } from './words.ts'

/** Families with a column: what was expected, then what else the cluster has or a check speaks about. */
export function shownFamilies(report: Report): IPFamilies {
  const spoken = report.checks.flatMap(check => Object.keys(check.families) as IPFamily[])
  return [...new Set([...report.cluster.expected, ...report.cluster.families, ...spoken])]
}

/**
 * How a check ended as a whole: its worst verdict about an expected family, so that a family that nobody
 * asked for changes nothing, and one that was asked for and not exercised is never counted as passed.
 */
export function outcomeOf(check: CheckResult, expected: IPFamilies): Outcome {
  const asked = expected.flatMap(family => check.families[family] ?? [])
  const verdicts = asked.length > 0 ? asked : Object.values(check.families)
  const ranks = verdicts.map(verdict => outcomes.indexOf(verdict.outcome))
  return outcomes[Math.max(...ranks)] ?? 'skip'
}

export function countChecks(report: Report): Record<Outcome, number> {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0, notEvaluable: 0 }
  for (const check of report.checks) counts[outcomeOf(check, report.cluster.expected)]++
  return counts
}

export function checksBySection(report: Report): ReadonlyMap<Section, readonly CheckResult[]> {
  const bySection = new Map<Section, CheckResult[]>()
  for (const check of report.checks) {
    bySection.set(check.section, [...(bySection.get(check.section) ?? []), check])
  }
  return bySection
}

export interface FoundHere {
  readonly check: CheckResult
  readonly families: IPFamilies
  readonly finding: Finding
}

/** The findings with this outcome, worst severity first, the same finding about two families once. */
export function findingsOf(report: Report, outcome: 'warn' | 'fail'): FoundHere[] {
  const found = report.checks.flatMap(check => {
    const byText = new Map<string, { families: IPFamily[]; finding: Finding }>()
    for (const family of shownFamilies(report)) {
      const verdict = check.families[family]
      if (verdict?.outcome !== outcome) continue
      const key = JSON.stringify(verdict)
      const same = byText.get(key)
      if (same) same.families.push(family)
      else byText.set(key, { families: [family], finding: verdict })
    }
    return [...byText.values()].map(entry => ({ check, ...entry }))
  })
  const rank = ({ check }: FoundHere) => severities.indexOf(check.severity)
  return found.sort((a, b) => rank(a) - rank(b))
}

/** What was seen where the check passed, the same about two families once. */
export function evidenceOf(
  check: CheckResult,
  families: IPFamilies,
): { readonly families: IPFamilies; readonly evidence: string }[] {
  const byText = new Map<string, IPFamily[]>()
  for (const family of families) {
    const verdict = check.families[family]
    if (verdict?.outcome !== 'pass') continue
    byText.set(verdict.evidence, [...(byText.get(verdict.evidence) ?? []), family])
  }
  return [...byText].map(([evidence, whose]) => ({ families: whose, evidence }))
}

export interface ReasonGroup {
  readonly reason: Text
  /** The ids for which it was given, by the families it was given for. */
  readonly entries: readonly { readonly families: IPFamilies; readonly ids: readonly string[] }[]
}

/** Each reason once, in the order of the checks, with all that were left out for it. */
export function reasonsOf(report: Report, outcome: 'skip' | 'notEvaluable'): ReasonGroup[] {
  const groups = new Map<string, { reason: Text; byFamilies: Map<string, string[]> }>()
  for (const check of report.checks) {
    const byReason = new Map<string, { reason: Text; families: IPFamily[] }>()
    for (const family of shownFamilies(report)) {
      const verdict = check.families[family]
      if (verdict?.outcome !== outcome) continue
      const same = byReason.get(verdict.reason.en)
      if (same) same.families.push(family)
      else byReason.set(verdict.reason.en, { reason: verdict.reason, families: [family] })
    }
    for (const [key, { reason, families }] of byReason) {
      const group = groups.get(key) ?? { reason, byFamilies: new Map() }
      groups.set(key, group)
      const together = families.join(',')
      group.byFamilies.set(together, [...(group.byFamilies.get(together) ?? []), check.id])
    }
  }
  return [...groups.values()].map(({ reason, byFamilies }) => ({
    reason,
    entries: [...byFamilies].map(([families, ids]) => ({ families: families.split(',') as IPFamily[], ids })),
  }))
}

/** `POD-01`, `POD-02`, `POD-03`, `POD-07` become `POD-01..03`, `POD-07`. */
export function shortenIds(ids: readonly string[]): string[] {
  const runs: string[][] = []
  const parse = (id: string) => /^(.*-)(\d+)$/.exec(id)
  for (const id of ids) {
    const run = runs.at(-1)
    const [last, next] = [parse(run?.at(-1) ?? ''), parse(id)]
    if (run && last && next && last[1] === next[1] && Number(next[2]) === Number(last[2]) + 1) run.push(id)
    else runs.push([id])
  }
  return runs.flatMap(run => (run.length < 3 ? run : [`${run[0]}..${parse(run.at(-1)!)![2]}`]))
}

/** Whether the cluster is what was expected, as a clause without its end. */
export function whatItIs(report: Report): Text {
  const { families, expected } = report.cluster
  const missing = expected.filter(family => !families.includes(family))
  const [en, ja] = [listFamilies(families, 'en'), listFamilies(families, 'ja')]
  if (missing.length > 0) {
    const lacks = listFamilies(missing, 'ja')
    return expected.length > 1
      ? {
          en: `This cluster is not dual-stack (its Services have ${en} only)`,
          ja: `このクラスターはデュアルスタックではありません(Serviceのファミリーは${ja}だけです)`,
        }
      : {
          en: `This cluster has no ${listFamilies(missing, 'en')} (its Services have ${en} only)`,
          ja: `このクラスターには${lacks}がありません(Serviceのファミリーは${ja}だけです)`,
        }
  }
  if (families.length < 2) {
    return {
      en: `This cluster is single-stack (${en})`,
      ja: `このクラスターはシングルスタック(${ja})です`,
    }
  }
  const blockers = report.checks.filter(check => check.severity === 'blocker')
  const broken = expected.filter(family => blockers.some(check => check.families[family]?.outcome === 'fail'))
  return broken.length > 0
    ? {
        en: `This cluster is configured as dual-stack (${en}), but ${broken.join(' and ')} ${
          broken.length === 1 ? 'does' : 'do'
        } not work throughout`,
        ja: `このクラスターはデュアルスタック(${ja})として設定されていますが、${broken.join('と')}に重大な問題があります`,
      }
    : {
        en: `This cluster is dual-stack (${en})`,
        ja: `このクラスターはデュアルスタック(${ja})です`,
      }
}

/** `52 checks pass, 1 fails`, without its end; what did not happen is left out, except for failures. */
export function countsOf(report: Report): Text {
  const counts = countChecks(report)
  const one = (count: number, singular: string, plural: string) =>
    `${count} ${count === 1 ? singular : plural}`
  const parts: (Text & { readonly show: boolean })[] = [
    { show: true, en: one(counts.pass, 'check passes', 'checks pass'), ja: `合格${counts.pass}件` },
    { show: true, en: one(counts.fail, 'fails', 'fail'), ja: `失敗${counts.fail}件` },
    { show: counts.warn > 0, en: one(counts.warn, 'warns', 'warn'), ja: `警告${counts.warn}件` },
    {
      show: counts.notEvaluable > 0,
      en: `${counts.notEvaluable} cannot be judged`,
      ja: `判定不能${counts.notEvaluable}件`,
    },
    {
      show: counts.skip > 0,
      en: one(counts.skip, 'was skipped', 'were skipped'),
      ja: `スキップ${counts.skip}件`,
    },
  ]
  const shown = parts.filter(part => part.show)
  return { en: shown.map(part => part.en).join(', '), ja: shown.map(part => part.ja).join('、') }
}

/** The verdict on the cluster in one sentence; another one before it when the run was cut short. */
export function headline(report: Report): Text {
  const cut = report.interrupted
  if (report.exitCode === 2 && report.checks.length === 0) {
    return {
      en: `The cluster could not be checked: ${cut ?? 'no check ran'}.`,
      ja: `クラスターを検証できませんでした: ${cut ?? 'チェックが一つも実行されませんでした'}`,
    }
  }
  const [what, counts] = [whatItIs(report), countsOf(report)]
  return {
    en: `${cut ? `The run was cut short (${cut}). ` : ''}${what.en}: ${counts.en}.`,
    ja: `${cut ? `検証は途中で終わりました(${cut})。` : ''}${what.ja}。${counts.ja}。`,
  }
}
