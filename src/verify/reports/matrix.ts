// Which node's Pods reach which other's, as a picture: one square per pair, rows from, columns to. Runs only
// try some of the pairs, so an empty square is the usual case and says "not tried".
import type { Reachability } from '../report.ts'
import type { Language, Text } from '../text.ts'
import { html, type Markup } from './markup.ts'
import { truncate, widthOf } from './width.ts'

type PairOutcome = Reachability['outcome']

export const pairOutcomes: Readonly<Record<PairOutcome, Text>> = {
  reached: { en: 'reached', ja: '到達' },
  failed: { en: 'not reached', ja: '到達せず' },
  notTried: { en: 'not tried', ja: '未試行' },
}

const longestLabel = 24
const labelFontWidth = 6.4

/** Squares are as large as their number allows; 50 of them fit on a screen. */
const cellSize = (nodes: number) => (nodes <= 6 ? 38 : nodes <= 12 ? 28 : nodes <= 24 ? 20 : 14)

/** The node's name without what all names end in: `.eu-west-1.compute.internal`. */
function shortNames(nodes: readonly string[]): Map<string, string> {
  const suffixes = new Set(nodes.map(node => (node.includes('.') ? node.slice(node.indexOf('.')) : '')))
  const suffix = suffixes.size === 1 && nodes.length > 1 ? [...suffixes][0]! : ''
  const cut = (node: string) => (suffix === '' ? node : node.slice(0, -suffix.length))
  return new Map(nodes.map(node => [node, truncate(cut(node), longestLabel)]))
}

/** A tick, a cross or a dot, so that colour is not the only sign. */
export function cellMark(outcome: PairOutcome, size: number, up = 0): Markup {
  const at = (x: number, y: number) => `${(x * size).toFixed(1)} ${(y * size - up).toFixed(1)}`
  switch (outcome) {
    case 'reached':
      return html`<path d="M${at(0.28, 0.52)} L${at(0.44, 0.68)} L${at(0.73, 0.34)}"/>`
    case 'failed':
      return html`<path d="M${at(0.3, 0.3)} L${at(0.7, 0.7)} M${at(0.7, 0.3)} L${at(0.3, 0.7)}"/>`
    case 'notTried':
      return html`<circle cx="${size / 2}" cy="${size / 2}" r="1"/>`
  }
}

const milliseconds = (value: number) => (value < 10 ? value.toFixed(1) : String(Math.round(value)))

/** `node1 → node2: reached, 0.4 ms`. */
export function describePair(pair: Reachability, language: Language): string {
  const took = pair.milliseconds === undefined ? '' : `, ${milliseconds(pair.milliseconds)} ms`
  const detail = pair.detail === undefined ? '' : `, ${pair.detail}`
  return `${pair.from} → ${pair.to}: ${pairOutcomes[pair.outcome][language]}${took}${detail}`
}

function cell(pair: Reachability, place: { x: number; y: number; size: number }, language: Language): Markup {
  const { x, y, size } = place
  const shows = size >= 38 && pair.milliseconds !== undefined && pair.outcome === 'reached'
  const mark = cellMark(pair.outcome, size, shows ? 5 : 0)
  const time = shows
    ? html`<text x="${size / 2}" y="${size - 5}">${milliseconds(pair.milliseconds!)}</text>`
    : ''
  const title = html`<title>${describePair(pair, language)}</title>`
  return html`<g class="cell ${pair.outcome}" transform="translate(${x} ${y})">${title}<rect width="${
    size - 2
  }" height="${size - 2}" rx="${size > 16 ? 3 : 2}"/>${mark}${time}</g>`
}

/** Pairs that were not tried are most of a large picture: one pattern draws them all. */
function untried(label: string, place: { left: number; top: number; side: number; size: number }): Markup {
  const { left, top, side, size } = place
  const id = `untried-${label.replace(/[^A-Za-z0-9]+/g, '-')}`
  const square = html`<rect x="0.5" y="0.5" width="${size - 3}" height="${size - 3}" rx="2"/>`
  const tile = html`<g class="cell notTried">${square}${cellMark('notTried', size - 2)}</g>`
  const extent = html`x="${left}" y="${top}" width="${size}" height="${size}"`
  return html`<defs><pattern id="${id}" ${extent} patternUnits="userSpaceOnUse">${tile}</pattern></defs>
<rect x="${left}" y="${top}" width="${side}" height="${side}" fill="url(#${id})"/>`
}

/** The worst of several entries about the same pair counts. */
function byPair(pairs: readonly Reachability[]): Map<string, Reachability> {
  const rank: readonly PairOutcome[] = ['notTried', 'reached', 'failed']
  const found = new Map<string, Reachability>()
  for (const pair of pairs) {
    const key = JSON.stringify([pair.from, pair.to])
    const before = found.get(key)
    if (!before || rank.indexOf(pair.outcome) > rank.indexOf(before.outcome)) found.set(key, pair)
  }
  return found
}

/**
 * The picture of the pairs of one family and protocol, as SVG. `label` says in words what it shows, for those
 * who cannot see it.
 */
export function renderMatrix(
  pairs: readonly Reachability[],
  options: { readonly language: Language; readonly label: string },
): Markup {
  const { language, label } = options
  const nodes = [...new Set(pairs.flatMap(pair => [pair.from, pair.to]))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  const found = byPair(pairs)
  const names = shortNames(nodes)
  const size = cellSize(nodes.length)
  const longest = Math.max(0, ...[...names.values()].map(widthOf)) * labelFontWidth
  const [left, top] = [Math.ceil(longest) + 10, Math.ceil(longest) + 10]
  const side = nodes.length * size
  const middle = (index: number) => index * size + (size - 2) / 2
  const rows = nodes.map(
    (node, index) =>
      html`<text x="${left - 8}" y="${top + middle(index) + 4}" text-anchor="end">${names.get(node)}</text>`,
  )
  const columns = nodes.map((node, index) => {
    const place = `translate(${left + middle(index) + 4} ${top - 8}) rotate(-90)`
    return html`<text transform="${place}">${names.get(node)}</text>`
  })
  const cells = nodes.flatMap((from, row) =>
    nodes.map((to, column) => {
      const pair = found.get(JSON.stringify([from, to]))
      if (!pair || pair.outcome === 'notTried') return undefined
      return cell(pair, { x: left + column * size, y: top + row * size, size }, language)
    }),
  )
  const [width, height] = [left + side, top + side]
  const box = html`width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  const background = untried(label, { left, top, side, size })
  return html`<svg role="img" aria-label="${label}" ${box}>
${background}${rows}${columns}${cells}</svg>`
}
