// The report for CI systems, in the JUnit XML that Jenkins, GitLab, GitHub and Azure DevOps read: a suite per
// section, a case per check and family. A warning is a case that passed, with the finding as its output;
// skipped and not evaluable are both `skipped`, and say which.
import type { IPFamily } from '../../ip/family.ts'
import { sections } from '../check.ts'
import type { CheckResult, Report } from '../report.ts'
import type { Language } from '../text.ts'
import type { Finding, Verdict } from '../verdict.ts'
import { checksBySection, headline, shownFamilies } from './digest.ts'
import { labels, outcomeTitles, sectionNames } from './words.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 cannot hold
const notInXML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** Text as XML 1.0 may hold it: what it cannot, such as control characters, becomes U+FFFD. */
export const escapeXML = (text: string): string =>
  text.replace(notInXML, '\ufffd').replace(/[&<>"\r]/g, character => entities[character]!)

const attribute = (text: string) => escapeXML(text).replace(/[\t\n]/g, character => entities[character]!)

const element = (name: string, attributes: Readonly<Record<string, string | number>>, content = '') => {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(String(value))}"`)
  return `<${name}${list.join('')}${content === '' ? '/>' : `>${content}</${name}>`}`
}

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(3)

const findingText = (finding: Finding, language: Language) =>
  [
    `${labels.observed[language]}: ${finding.observed}`,
    `${labels.expected[language]}: ${finding.expected[language]}`,
    `${labels.cause[language]}: ${finding.cause[language]}`,
    `${labels.remedy[language]}: ${finding.remedy[language]}`,
  ].join('\n')

function verdictElement(verdict: Verdict, check: CheckResult, language: Language): string {
  switch (verdict.outcome) {
    case 'pass':
      return element('system-out', {}, escapeXML(verdict.evidence))
    case 'warn':
      return element(
        'system-out',
        {},
        escapeXML(`${outcomeTitles.warn[language]}\n${findingText(verdict, language)}`),
      )
    case 'fail':
      return element(
        'failure',
        {
          type: check.severity,
          message: `${verdict.observed} (${labels.expected[language]}: ${verdict.expected[language]})`,
        },
        escapeXML(findingText(verdict, language)),
      )
    default:
      return element('skipped', {
        message: `${outcomeTitles[verdict.outcome][language]}: ${verdict.reason[language]}`,
      })
  }
}

interface Case {
  readonly check: CheckResult
  readonly family: IPFamily
  readonly verdict: Verdict
}

function suite(
  name: string,
  className: string,
  {
    cases,
    report,
    language,
  }: {
    readonly cases: readonly Case[]
    readonly report: Report
    readonly language: Language
  },
): string {
  const time = (check: CheckResult) => check.durationMs / Object.keys(check.families).length
  const count = (...wanted: Verdict['outcome'][]) =>
    cases.filter(({ verdict }) => wanted.includes(verdict.outcome)).length
  const inner = cases.map(({ check, family, verdict }) =>
    element(
      'testcase',
      {
        classname: className,
        name: `${check.id} ${family}: ${check.title[language]}`,
        time: seconds(time(check)),
      },
      verdictElement(verdict, check, language),
    ),
  )
  const attributes = {
    name,
    tests: cases.length,
    failures: count('fail'),
    errors: 0,
    skipped: count('skip', 'notEvaluable'),
    time: seconds(cases.reduce((sum, { check }) => sum + time(check), 0)),
    timestamp: report.startedAt,
  }
  return element('testsuite', attributes, `\n    ${inner.join('\n    ')}\n  `)
}

/** A run that was cut short is an error of its own, so that no CI system takes it for a success. */
function interruption(report: Report, language: Language): string[] {
  if (report.interrupted === undefined && report.exitCode !== 2) return []
  const error = element('error', {
    type: 'interrupted',
    message: report.interrupted ?? headline(report)[language],
  })
  const testcase = element(
    'testcase',
    { classname: 'futago.verify', name: 'run', time: seconds(report.durationMs) },
    error,
  )
  const attributes = { name: 'futago verify', tests: 1, failures: 0, errors: 1, skipped: 0 }
  return [element('testsuite', { ...attributes, time: seconds(report.durationMs) }, testcase)]
}

export function renderJUnit(report: Report, options: { readonly language: Language }): string {
  const { language } = options
  const bySection = checksBySection(report)
  const families = shownFamilies(report)
  const suites = sections.flatMap(section => {
    const cases = (bySection.get(section) ?? []).flatMap(check =>
      families.flatMap(family => {
        const verdict = check.families[family]
        return verdict ? [{ check, family, verdict }] : []
      }),
    )
    const name = sectionNames[section][language]
    return cases.length === 0 ? [] : [suite(name, `futago.verify.${section}`, { cases, report, language })]
  })
  const { summary } = report
  const cut = interruption(report, language)
  const attributes = {
    name: headline(report)[language],
    tests: Object.values(summary).reduce((sum, count) => sum + count, 0) + cut.length,
    failures: summary.fail,
    errors: cut.length,
    skipped: summary.skip + summary.notEvaluable,
    time: seconds(report.durationMs),
  }
  const inner = [...cut, ...suites].map(text => `\n  ${text}`).join('')
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', attributes, `${inner}\n`)}\n`
}
