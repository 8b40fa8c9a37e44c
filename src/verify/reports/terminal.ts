// The report as text for a terminal or a log: what the cluster is, a table by the page's sections with one
// column per family, then what was left out and why, what is wrong and what to change, and the verdict last,
// where a reader of a terminal looks first.
import type { IPFamilies } from '../../ip/family.ts'
import { sections } from '../check.ts'
import type { CheckResult, Report } from '../report.ts'
import type { Language } from '../text.ts'
import type { Outcome } from '../verdict.ts'
import {
  checksBySection,
  evidenceOf,
  type FoundHere,
  findingsOf,
  headline,
  reasonsOf,
  shortenIds,
  shownFamilies,
} from './digest.ts'
import { padTo, widthOf, wrap } from './width.ts'
import * as words from './words.ts'

export interface TerminalOptions {
  readonly language: Language
  /** Columns; lines are no longer, except for a word that is. */
  readonly width: number
  readonly color: boolean
  /** Also what was seen where a check passed. */
  readonly evidence?: boolean
}

const colors: Readonly<Record<Outcome | 'bold' | 'dim', string>> = {
  pass: '32',
  warn: '33',
  fail: '1;31',
  skip: '2',
  notEvaluable: '36',
  bold: '1',
  dim: '2',
}

/** Wraps text in a colour, or leaves it as it is. */
export const painter =
  (color: boolean) =>
  (style: keyof typeof colors, text: string): string =>
    color ? `\u001b[${colors[style]}m${text}\u001b[0m` : text

/** `✗ FAIL`. */
export const outcomeCell = (outcome: Outcome, language: Language): string =>
  `${words.outcomeMarks[outcome]} ${words.outcomeNames[outcome][language]}`

const idWidth = 9
const gap = 2
const narrowestTitle = 24

/** The widest outcome in the language, and a gap. */
const cellWidthIn = (language: Language) =>
  Math.max(...words.outcomesWorstFirst.map(outcome => widthOf(outcomeCell(outcome, language)))) + 2

const widestPage = 110

class TerminalPage {
  readonly #lines: string[] = []
  readonly #report: Report
  readonly #language: Language
  readonly #width: number
  readonly #paint: ReturnType<typeof painter>
  readonly #families: IPFamilies
  readonly #cellWidth: number
  readonly #evidence: boolean

  constructor(report: Report, options: TerminalOptions) {
    this.#report = report
    this.#language = options.language
    this.#width = Math.min(Math.max(options.width, 20), widestPage)
    this.#paint = painter(options.color)
    this.#families = shownFamilies(report)
    this.#cellWidth = cellWidthIn(options.language)
    this.#evidence = options.evidence ?? false
  }

  text(): string {
    this.#head()
    this.#table()
    this.#reasons('skip')
    this.#reasons('notEvaluable')
    this.#findings('warn')
    this.#findings('fail')
    this.#verdict()
    return `${this.#lines.join('\n')}\n`
  }

  /** `label  text`, with the text's further lines below its first. */
  #field(indent: string, label: string, text: string, labelWidth: number): void {
    const first = indent + this.#paint('dim', padTo(label, labelWidth))
    const space = ' '.repeat(indent.length + labelWidth)
    wrap(text, Math.max(10, this.#width - space.length)).forEach((line, index) => {
      this.#lines.push((index === 0 ? first : space) + line)
    })
  }

  #head(): void {
    const { cluster, profile, readOnly, durationMs } = this.#report
    const language = this.#language
    const label = (name: keyof typeof words.labels) => words.labels[name][language]
    const names = ['cluster', 'version', 'families', 'profile'] as const
    const width = Math.max(...names.map(name => widthOf(label(name)))) + 2
    const context = cluster.context === null ? '' : ` (${label('context')} ${cluster.context})`
    const nodes =
      language === 'ja' ? `${label('nodes')} ${cluster.nodes}` : words.counted(cluster.nodes, 'node')
    const separator = language === 'ja' ? '、' : ', '
    const expected = words.listFamilies(cluster.expected, language)
    const found = words.listFamilies(cluster.families, language)
    const differs = expected === found ? '' : ` (${label('expected')}: ${expected})`
    this.#lines.push(this.#paint('bold', label('title')), '')
    if (cluster.server + context !== '') this.#field('', label('cluster'), cluster.server + context, width)
    this.#field('', label('version'), `Kubernetes ${cluster.version}${separator}${nodes}`, width)
    this.#field('', label('families'), `${found}${differs}: ${cluster.evidence}`, width)
    const parts = [
      profile,
      ...(readOnly ? [label('readOnly')] : []),
      words.formatDuration(durationMs, language),
    ]
    this.#field('', label('profile'), parts.join(separator), width)
  }

  #table(): void {
    const titleWidth = this.#width - 2 - idWidth - this.#families.length * this.#cellWidth
    const stacked = titleWidth < narrowestTitle
    const bySection = checksBySection(this.#report)
    for (const section of sections) {
      const checks = bySection.get(section)
      if (!checks) continue
      const name = words.sectionNames[section][this.#language]
      const heads = this.#cells(this.#families.map(family => this.#paint('dim', family)))
      const room = stacked ? 2 + idWidth : 2 + idWidth + titleWidth
      const [first, ...rest] = wrap(name, room - gap).reverse()
      this.#lines.push('', ...rest.reverse().map(line => this.#paint('bold', line)))
      this.#lines.push(padTo(this.#paint('bold', first!), room) + heads)
      for (const check of checks) this.#row(check, stacked ? undefined : titleWidth)
    }
  }

  /** One check; its title on lines of their own where there is no room beside it. */
  #row(check: CheckResult, titleWidth: number | undefined): void {
    const cells = this.#cells(
      this.#families.map(family => {
        const outcome = check.families[family]?.outcome
        return outcome ? this.#paint(outcome, outcomeCell(outcome, this.#language)) : ''
      }),
    )
    const id = `  ${padTo(check.id, idWidth)}`
    const title = check.title[this.#language]
    if (titleWidth === undefined) {
      this.#lines.push(`${id}${cells}`.trimEnd())
      this.#lines.push(...wrap(title, this.#width - 4).map(line => `    ${line}`))
    } else {
      const [first, ...rest] = wrap(title, titleWidth - gap)
      this.#lines.push(`${id}${padTo(first!, titleWidth)}${cells}`.trimEnd())
      this.#lines.push(...rest.map(line => ' '.repeat(2 + idWidth) + line))
    }
    if (this.#evidence) this.#seen(check, titleWidth === undefined ? 4 : 2 + idWidth)
  }

  /** Side by side, without spaces at the end. */
  #cells(cells: readonly string[]): string {
    const last = cells.length - 1
    return cells.map((cell, index) => (index === last ? cell : padTo(cell, this.#cellWidth))).join('')
  }

  #seen(check: CheckResult, indent: number): void {
    for (const { families, evidence } of evidenceOf(check, this.#families)) {
      const whose = words.listFamilies(families, this.#language)
      const lines = wrap(`${whose}: ${evidence}`, this.#width - indent)
      this.#lines.push(...lines.map(line => ' '.repeat(indent) + this.#paint('dim', line)))
    }
  }

  #reasons(outcome: 'skip' | 'notEvaluable'): void {
    const groups = reasonsOf(this.#report, outcome)
    if (groups.length === 0) return
    this.#lines.push('', this.#paint('bold', words.outcomeTitles[outcome][this.#language]))
    for (const { reason, entries } of groups) {
      const lines = wrap(reason[this.#language], this.#width - 4)
      this.#lines.push(
        ...lines.map((line, index) => `  ${index === 0 ? words.outcomeMarks[outcome] : ' '} ${line}`),
      )
      for (const { families, ids } of entries) {
        const whose =
          families.length === this.#families.length ? '' : `${words.listFamilies(families, this.#language)}: `
        const text = whose + shortenIds(ids).join(' ')
        this.#lines.push(...wrap(text, this.#width - 6).map(line => `      ${this.#paint('dim', line)}`))
      }
    }
  }

  #findings(outcome: 'warn' | 'fail'): void {
    const found = findingsOf(this.#report, outcome)
    if (found.length === 0) return
    this.#lines.push('', this.#paint('bold', words.outcomeTitles[outcome][this.#language]))
    for (const each of found) this.#finding(outcome, each)
  }

  #finding(outcome: 'warn' | 'fail', { check, families, finding }: FoundHere): void {
    const language = this.#language
    const severity = words.severityNames[check.severity][language]
    const about = `${words.listFamilies(families, language)} · ${severity}`
    const [first, ...rest] = wrap(`${check.id}  ${check.title[language]}`, this.#width - 4)
    this.#lines.push('', `  ${this.#paint(outcome, `${words.outcomeMarks[outcome]} ${first}`)}`)
    this.#lines.push(
      ...rest.map(line => `    ${this.#paint(outcome, line)}`),
      `    ${this.#paint('dim', about)}`,
    )
    const rows = [
      ['observed', finding.observed],
      ['expected', finding.expected[language]],
      ['cause', finding.cause[language]],
      ['remedy', finding.remedy[language]],
    ] as const
    const width = Math.max(...rows.map(([label]) => widthOf(words.labels[label][language]))) + 2
    for (const [label, text] of rows) this.#field('    ', words.labels[label][language], text, width)
  }

  #verdict(): void {
    const style = this.#report.exitCode === 0 ? 'pass' : 'fail'
    const lines = wrap(headline(this.#report)[this.#language], this.#width)
    this.#lines.push('', ...lines.map(line => this.#paint(style, line)))
  }
}

/** The whole report, ending with a line break. */
export const renderTerminal = (report: Report, options: TerminalOptions): string =>
  new TerminalPage(report, options).text()
