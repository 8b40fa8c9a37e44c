// What a run found, as one value: reports/json.ts writes it as it is, the others show it. Its shape is the
// published JSON schema of docs/verify.md: fields are added, never renamed or removed.
import type { IPFamilies, IPFamily } from '../ip/family.ts'
import type { Profile, Section, Severity } from './check.ts'
import type { Text } from './text.ts'
import type { Verdict } from './verdict.ts'

export interface CheckResult {
  readonly id: string
  readonly title: Text
  readonly section: Section
  readonly severity: Severity
  /** One entry for every family the check speaks about; a family that was not exercised is a skip. */
  readonly families: Readonly<Partial<Record<IPFamily, Verdict>>>
  readonly durationMs: number
}

/** Whether one node's Pods reach another's: from POD-09. */
export interface Reachability {
  readonly from: string
  readonly to: string
  readonly family: IPFamily
  readonly protocol: 'TCP' | 'UDP'
  readonly outcome: 'reached' | 'failed' | 'notTried'
  readonly milliseconds?: number
  readonly detail?: string
}

export interface Report {
  readonly apiVersion: 'verify.futago.dev/v1'
  readonly kind: 'Report'
  readonly futagoVersion: string
  readonly cluster: {
    readonly server: string
    readonly context: string | null
    readonly version: string
    readonly nodes: number
    /** As found, primary first. */
    readonly families: IPFamilies
    /** What was expected: --expect, --primary, else as found. */
    readonly expected: IPFamilies
    /** How the families were found. */
    readonly evidence: string
  }
  readonly profile: Profile
  readonly readOnly: boolean
  /** RFC 3339. */
  readonly startedAt: string
  readonly durationMs: number
  /** Set when the run could not be finished: timed out, interrupted, or its probes could not start. */
  readonly interrupted?: string
  readonly checks: readonly CheckResult[]
  readonly reachability: readonly Reachability[]
  /** How many verdicts, over all checks and families, have each outcome. */
  readonly summary: Readonly<Record<Verdict['outcome'], number>>
  /** 0: all required checks pass. 1: a finding. 2: could not run. */
  readonly exitCode: 0 | 1 | 2
}

/** What happens while a run goes on, for live displays. */
export type RunEvent =
  | { readonly type: 'started'; readonly total: number; readonly server: string }
  | { readonly type: 'checkStarted'; readonly id: string; readonly title: Text }
  | { readonly type: 'progress'; readonly id: string; readonly what: Text }
  | { readonly type: 'checkFinished'; readonly result: CheckResult }
  | { readonly type: 'cleaning'; readonly namespace: string }
  /** It goes, but not within the time that a run waits for it; the report is whole. */
  | { readonly type: 'stillCleaning'; readonly namespaces: readonly string[]; readonly why: string }
  | { readonly type: 'finished'; readonly report: Report }
