// The numbers of a report: verdicts by outcome, and the exit code.
import type { CheckResult, Report } from './report.ts'
import { outcomes } from './verdict.ts'

/** 1 when any verdict is a failure; a warning does not fail a run. */
export function summarize(results: readonly CheckResult[]): Pick<Report, 'summary' | 'exitCode'> {
  const verdicts = results.flatMap(({ families }) => Object.values(families))
  const counts = outcomes.map(
    outcome => [outcome, verdicts.filter(verdict => verdict.outcome === outcome).length] as const,
  )
  const summary = Object.fromEntries(counts) as unknown as Report['summary']
  return { summary, exitCode: summary.fail > 0 ? 1 : 0 }
}
