// The report for programs: the value as it is. docs/verify.schema.json describes it.
import type { Report } from '../report.ts'

export const renderJSON = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`
