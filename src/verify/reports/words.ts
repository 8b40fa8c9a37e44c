// The words that every report uses for the same things, in each language. What a check says is its own.
import type { IPFamilies } from '../../ip/family.ts'
import type { Section, Severity } from '../check.ts'
import type { Language, Text } from '../text.ts'
import type { Outcome } from '../verdict.ts'

export const sectionNames: Readonly<Record<Section, Text>> = {
  preflight: { en: 'Before you begin', ja: '始める前に' },
  nodes: { en: 'Nodes', ja: 'ノード' },
  pods: { en: 'Pods', ja: 'Pod' },
  services: { en: 'Services', ja: 'Service' },
  loadBalancer: { en: 'Load balancers', ja: 'ロードバランサー' },
  beyond: { en: 'DNS, egress, policies, workloads', ja: 'DNS、外部への通信、ポリシー、ワークロード' },
}

/** Short enough for a column. */
export const outcomeNames: Readonly<Record<Outcome, Text>> = {
  pass: { en: 'pass', ja: '合格' },
  warn: { en: 'warn', ja: '警告' },
  fail: { en: 'FAIL', ja: '失敗' },
  skip: { en: 'skip', ja: 'スキップ' },
  notEvaluable: { en: 'n/e', ja: '判定不能' },
}

export const outcomeTitles: Readonly<Record<Outcome, Text>> = {
  pass: { en: 'Passed', ja: '合格' },
  warn: { en: 'Warnings', ja: '警告' },
  fail: { en: 'Failures', ja: '失敗' },
  skip: { en: 'Skipped', ja: 'スキップ' },
  notEvaluable: { en: 'Not evaluable (n/e)', ja: '判定不能' },
}

/** So that colour is never the only sign; one column wide everywhere. */
export const outcomeMarks: Readonly<Record<Outcome, string>> = {
  pass: '✓',
  warn: '!',
  fail: '✗',
  skip: '-',
  notEvaluable: '?',
}

/** In the order in which a reader wants to know. */
export const outcomesWorstFirst: readonly Outcome[] = ['fail', 'warn', 'notEvaluable', 'skip', 'pass']

export const severityNames: Readonly<Record<Severity, Text>> = {
  blocker: { en: 'blocker', ja: '致命的' },
  high: { en: 'high', ja: '高' },
  medium: { en: 'medium', ja: '中' },
  low: { en: 'low', ja: '低' },
  information: { en: 'information', ja: '情報' },
}

export const labels = {
  title: { en: 'IPv4/IPv6 dual-stack validation', ja: 'IPv4/IPv6デュアルスタックの検証' },
  cluster: { en: 'Cluster', ja: 'クラスター' },
  context: { en: 'context', ja: 'コンテキスト' },
  version: { en: 'Version', ja: 'バージョン' },
  nodes: { en: 'nodes', ja: 'ノード' },
  families: { en: 'Families', ja: 'ファミリー' },
  expected: { en: 'expected', ja: '期待' },
  observed: { en: 'observed', ja: '実際' },
  cause: { en: 'likely cause', ja: '考えられる原因' },
  remedy: { en: 'change', ja: '対処' },
  evidence: { en: 'evidence', ja: '根拠' },
  reason: { en: 'reason', ja: '理由' },
  severity: { en: 'severity', ja: '重大度' },
  profile: { en: 'Profile', ja: 'プロファイル' },
  readOnly: { en: 'read-only', ja: '読み取り専用' },
  started: { en: 'Started', ja: '開始' },
  duration: { en: 'Duration', ja: '所要時間' },
} as const satisfies Readonly<Record<string, Text>>

/** `IPv4, IPv6`, in the order given. */
export const listFamilies = (families: IPFamilies, language: Language): string =>
  families.join(language === 'ja' ? '、' : ', ')

/** `1 check`, `2 checks`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** `820 ms`, `14.2 s`, `3 min 5 s`. */
export function formatDuration(milliseconds: number, language: Language): string {
  const [ms, s] = language === 'ja' ? ['ミリ秒', '秒'] : [' ms', ' s']
  if (milliseconds < 1000) return `${Math.round(milliseconds)}${ms}`
  if (milliseconds < 99_950) return `${(milliseconds / 1000).toFixed(1)}${s}`
  return formatElapsed(Math.round(milliseconds / 1000) * 1000, language)
}

/** Whole seconds, for something that goes on: `0 s`, `3 min 5 s`. */
export function formatElapsed(milliseconds: number, language: Language): string {
  const total = Math.floor(milliseconds / 1000)
  const [minutes, seconds] = [Math.floor(total / 60), total % 60]
  if (language === 'ja') return minutes > 0 ? `${minutes}分${seconds}秒` : `${seconds}秒`
  return minutes > 0 ? `${minutes} min ${seconds} s` : `${seconds} s`
}
