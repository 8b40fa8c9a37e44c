// The report as one HTML file for people: no script, no request, nothing but markup and a stylesheet, so that
// it can be mailed, archived and opened in ten years. Filters and dark mode are CSS.
import type { IPFamilies, IPFamily } from '../../ip/family.ts'
import { sections } from '../check.ts'
import type { CheckResult, Reachability, Report } from '../report.ts'
import type { Language, Text } from '../text.ts'
import type { Finding, Outcome, Verdict } from '../verdict.ts'
import {
  checksBySection,
  countsOf,
  type FoundHere,
  findingsOf,
  headline,
  reasonsOf,
  shortenIds,
  shownFamilies,
  whatItIs,
} from './digest.ts'
import { html, Markup, withCode } from './markup.ts'
import { cellMark, describePair, pairOutcomes, renderMatrix } from './matrix.ts'
import { stylesheet } from './stylesheet.ts'
import * as words from './words.ts'

const captions = {
  primary: { en: 'primary', ja: 'プライマリー' },
  perFamily: { en: 'Per family', ja: 'ファミリー別' },
  findings: { en: 'What to change', ja: '対処が必要なもの' },
  reachability: { en: 'From node to node', ja: 'ノード間の到達性' },
  reachabilityHow: {
    en: 'Pods on the nodes in the rows connect to Pods on the nodes in the columns. Numbers are milliseconds, with many probes at once: they compare nodes, not networks.',
    ja: '行のノード上のPodから、列のノード上のPodへ接続した結果です。数字はミリ秒です。多数のプローブを同時に実行するため、ノード間の比較にのみ使えます。',
  },
  leftOut: { en: 'What was left out', ja: '検証していないもの' },
  allChecks: { en: 'Every check', ja: 'すべてのチェック' },
  show: { en: 'Show', ja: '表示' },
  all: { en: 'All', ja: 'すべて' },
  cut: { en: 'The run was cut short:', ja: '検証は途中で終わりました:' },
  madeBy: { en: 'Made by futago', ja: '作成: futago' },
} as const satisfies Readonly<Record<string, Text>>

/** Failed pairs in words below their picture. */
const mostListed = 12

/** What every part of the page needs: the report, seen in one language. */
interface View {
  readonly report: Report
  readonly language: Language
  readonly families: IPFamilies
  say(text: Text): string
  /** What is to be typed is marked as code. */
  tell(text: Text): Markup
  list(families: IPFamilies): string
}

const value = (text: string) => html`<span class="value">${text}</span>`
const fact = (term: string, description: string | Markup) => html`<dt>${term}</dt><dd>${description}</dd>`

/** `2026-11-25T09:30:00.123Z` for people. */
const readable = (time: string) => time.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')

function outcomeTag(view: View, outcome: Outcome): Markup {
  const name = view.say(words.outcomeNames[outcome])
  return html`<span class="outcome ${outcome}">${words.outcomeMarks[outcome]} ${name}</span>`
}

function header(view: View): Markup {
  const { report, say, list, language } = view
  const { cluster, interrupted } = report
  const { labels } = words
  const expected = list(cluster.expected)
  const differs = expected === list(cluster.families) ? '' : ` (${say(labels.expected)}: ${expected})`
  const mode = report.readOnly ? `${report.profile} (${say(labels.readOnly)})` : report.profile
  const empty = report.checks.length === 0
  const counts = html`<p class="counts">${say(countsOf(report))}</p>`
  const cut = html`<p class="counts"><b>${say(captions.cut)}</b> ${interrupted}</p>`
  return html`<header>
<div class="verdict ${report.exitCode === 0 ? 'pass' : 'fail'}">
<p class="eyebrow">${say(labels.title)}</p>
<h1>${say(empty ? headline(report) : whatItIs(report))}</h1>
${empty ? '' : counts}${interrupted === undefined || empty ? '' : cut}
</div>
<dl class="facts">
${fact(say(labels.cluster), value(cluster.server))}
${cluster.context === null ? '' : fact(say(labels.context), value(cluster.context))}
${fact(say(labels.version), `Kubernetes ${cluster.version}`)}
${fact(say(labels.nodes), String(cluster.nodes))}
${fact(
  say(labels.families),
  html`${list(cluster.families)}${differs}<br><span class="muted value">${cluster.evidence}</span>`,
)}
${fact(say(labels.profile), mode)}
${fact(say(labels.started), html`<time datetime="${report.startedAt}">${readable(report.startedAt)}</time>`)}
${fact(say(labels.duration), words.formatDuration(report.durationMs, language))}
</dl>
</header>`
}

function familyPanel(view: View, family: IPFamily): Markup {
  const counts = new Map<Outcome, number>()
  for (const check of view.report.checks) {
    const outcome = check.families[family]?.outcome
    if (outcome) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  const shown = words.outcomesWorstFirst.filter(outcome => counts.has(outcome))
  const isPrimary = view.report.cluster.families[0] === family
  const primary = isPrimary ? html` <small>${view.say(captions.primary)}</small>` : ''
  const tally = shown.map(
    outcome => html`<li>${outcomeTag(view, outcome)} <b>${counts.get(outcome)}</b></li>`,
  )
  const bar = shown.map(outcome => html`<span class="${outcome}" style="flex:${counts.get(outcome)}"></span>`)
  return html`<section class="family"><h3>${family}${primary}</h3>
<div class="bar" aria-hidden="true">${bar}</div><ul class="tally">${tally}</ul></section>`
}

function findingList({ say, tell }: View, finding: Finding): Markup {
  return html`<dl>
${fact(say(words.labels.observed), value(finding.observed))}
${fact(say(words.labels.expected), tell(finding.expected))}
${fact(say(words.labels.cause), tell(finding.cause))}
${fact(say(words.labels.remedy), html`<span class="remedy">${tell(finding.remedy)}</span>`)}
</dl>`
}

function findingArticle(view: View, outcome: 'fail' | 'warn', found: FoundHere): Markup {
  const { say, list } = view
  const { check, families, finding } = found
  const severity = `${say(words.labels.severity)}: ${say(words.severityNames[check.severity])}`
  const link = html`<a href="#${check.id}">${check.id}</a>`
  return html`<article class="finding ${outcome}">
<h3>${outcomeTag(view, outcome)} ${link} ${say(check.title)}</h3>
<p class="eyebrow">${list(families)} · ${severity}</p>
${findingList(view, finding)}</article>
`
}

function findings(view: View): Markup | undefined {
  const all = (['fail', 'warn'] as const).flatMap(outcome =>
    findingsOf(view.report, outcome).map(found => findingArticle(view, outcome, found)),
  )
  return all.length === 0 ? undefined : html`<h2>${view.say(captions.findings)}</h2>${all}`
}

function matrixFigure(view: View, name: string, pairs: readonly Reachability[]): Markup {
  const { say, language } = view
  const failed = pairs.filter(pair => pair.outcome === 'failed')
  const reached = pairs.filter(pair => pair.outcome === 'reached')
  const counts = [
    `${say(pairOutcomes.reached)} ${reached.length}`,
    `${say(pairOutcomes.failed)} ${failed.length}`,
  ].join(language === 'ja' ? '、' : ', ')
  const listed = failed
    .slice(0, mostListed)
    .map(pair => html`<li>${value(describePair(pair, language))}</li>`)
  if (failed.length > mostListed) listed.push(html`<li>… +${failed.length - mostListed}</li>`)
  return html`<figure><figcaption><b>${name}</b> · ${counts}</figcaption>
<div class="scroll" tabindex="0" role="region" aria-label="${name}">${renderMatrix(pairs, {
    language,
    label: `${name}: ${counts}`,
  })}</div>
${listed.length === 0 ? '' : html`<ul>${listed}</ul>`}</figure>
`
}

function reachability(view: View): Markup | undefined {
  const { report, say } = view
  if (report.reachability.length === 0) return undefined
  const figures = view.families.flatMap(family =>
    (['TCP', 'UDP'] as const).flatMap(protocol => {
      const pairs = report.reachability.filter(pair => pair.family === family && pair.protocol === protocol)
      return pairs.length === 0 ? [] : [matrixFigure(view, `${family} ${protocol}`, pairs)]
    }),
  )
  const legend = (['reached', 'failed', 'notTried'] as const).map(outcome => {
    const square = html`<rect x="0.5" y="0.5" width="15" height="15" rx="3"/>${cellMark(outcome, 16)}`
    const cell = html`<g class="cell ${outcome}">${square}</g>`
    const picture = html`<svg width="16" height="16" aria-hidden="true">${cell}</svg>`
    return html`<li>${picture}${say(pairOutcomes[outcome])}</li>`
  })
  return html`<h2>${say(captions.reachability)}</h2>
<p class="muted">${say(captions.reachabilityHow)}</p>
<ul class="legend">${legend}</ul>
<div class="matrices">${figures}</div>`
}

function reasons(view: View): Markup | undefined {
  const blocks = (['notEvaluable', 'skip'] as const).flatMap(outcome => {
    const items = reasonsOf(view.report, outcome).map(({ reason, entries }) => {
      const ids = entries.map(entry => {
        const whose = entry.families.length === view.families.length ? '' : `${view.list(entry.families)}: `
        return html`<div class="ids">${whose}${shortenIds(entry.ids).join(' ')}</div>`
      })
      return html`<li>${view.tell(reason)}${ids}</li>`
    })
    if (items.length === 0) return []
    return [html`<h3>${view.say(words.outcomeTitles[outcome])}</h3><ul class="reasons">${items}</ul>`]
  })
  return blocks.length === 0 ? undefined : html`<h2>${view.say(captions.leftOut)}</h2>${blocks}`
}

function filter({ report, say }: View): Markup {
  const count = (outcome: Outcome) =>
    report.checks.filter(check => Object.values(check.families).some(verdict => verdict.outcome === outcome))
      .length
  const option = (name: string, text: string) => {
    const checked = name === 'all' ? Markup.trusted(' checked') : ''
    const input = html`<input type="radio" name="show" id="show-${name}"${checked}>`
    return html`<span>${input}<label for="show-${name}">${text}</label></span>`
  }
  const options = words.outcomesWorstFirst
    .filter(outcome => count(outcome) > 0)
    .map(outcome => option(outcome, `${say(words.outcomeTitles[outcome])} ${count(outcome)}`))
  const all = option('all', `${say(captions.all)} ${report.checks.length}`)
  return html`<fieldset class="filter"><legend>${say(captions.show)}</legend>${all}${options}</fieldset>`
}

function verdictBody(view: View, verdict: Verdict): Markup {
  if (verdict.outcome === 'warn' || verdict.outcome === 'fail') return findingList(view, verdict)
  const [term, description] =
    verdict.outcome === 'pass'
      ? [words.labels.evidence, value(verdict.evidence)]
      : [words.labels.reason, view.tell(verdict.reason)]
  return html`<dl>${fact(view.say(term), description)}</dl>`
}

function checkRow(view: View, check: CheckResult): Markup {
  const { say, language } = view
  const spoken = view.families.flatMap(family => {
    const verdict = check.families[family]
    return verdict ? [{ family, verdict, tag: outcomeTag(view, verdict.outcome) }] : []
  })
  const kinds = [...new Set(spoken.map(({ verdict }) => verdict.outcome))].join(' ')
  const cells = spoken.map(({ family, tag }) => html`<span><small>${family}</small> ${tag}</span>`)
  const bodies = spoken.map(
    ({ family, verdict, tag }) => html`<p class="who">${family} ${tag}</p>${verdictBody(view, verdict)}`,
  )
  const severity = `${say(words.labels.severity)}: ${say(words.severityNames[check.severity])}`
  const about = `${severity} · ${words.formatDuration(check.durationMs, language)}`
  return html`<details class="check" data-outcomes="${kinds}">
<summary><span class="id">${check.id}</span><span class="title">${say(check.title)}</span>
<span class="cells">${cells}</span></summary>
<div class="body"><span class="anchor muted" id="${check.id}">${about}</span>${bodies}</div></details>
`
}

function checkList(view: View): Markup {
  const bySection = checksBySection(view.report)
  const blocks = sections.flatMap(section => {
    const checks = bySection.get(section)
    if (!checks) return []
    const rows = checks.map(check => checkRow(view, check))
    const name = view.say(words.sectionNames[section])
    return [html`<section class="section"><h3>${name}</h3>${rows}</section>`]
  })
  return html`<h2>${view.say(captions.allChecks)}</h2>${filter(view)}${blocks}`
}

function main(view: View): Markup {
  if (view.report.checks.length === 0) return html`<main></main>`
  const panels = view.families.map(family => familyPanel(view, family))
  return html`<main>
<h2>${view.say(captions.perFamily)}</h2><div class="families">${panels}</div>
${findings(view)}
${reachability(view)}
${reasons(view)}
${checkList(view)}
</main>`
}

/** One self-contained file. */
export function renderHTML(report: Report, options: { readonly language: Language }): string {
  const { language } = options
  const view: View = {
    report,
    language,
    families: shownFamilies(report),
    say: text => text[language],
    tell: text => withCode(text[language]),
    list: families => words.listFamilies(families, language),
  }
  const policy = "default-src 'none'; style-src 'unsafe-inline'"
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<title>${view.say(words.labels.title)}: ${report.cluster.context ?? report.cluster.server}</title>
<style>${Markup.trusted(stylesheet)}</style>
</head>
<body>
${header(view)}
${main(view)}
<footer>${view.say(captions.madeBy)} ${report.futagoVersion}</footer>
</body>
</html>
`.text
}
