// What is shown while a run goes on. On a terminal: a few lines at the bottom that say what runs now, redrawn
// in place, with findings scrolling away above them as they come. Elsewhere (CI logs): one plain line for
// each check as it finishes.
import type { Clock, Timer } from '../../component/clock.ts'
import type { IPFamily } from '../../ip/family.ts'
import type { CheckResult, RunEvent } from '../report.ts'
import type { Language, Text } from '../text.ts'
import { type Outcome, outcomes } from '../verdict.ts'
import { outcomeCell, painter } from './terminal.ts'
import { truncate, widthOf } from './width.ts'
import * as words from './words.ts'

/** A terminal or a file; `process.stderr` is one. */
export interface DisplayStream {
  write(text: string): unknown
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
}

export interface DisplayOptions {
  readonly language: Language
  readonly color: boolean
  readonly clock: Clock
}

export interface Display {
  handle(event: RunEvent): void
  /** Leaves the terminal as it was; idempotent. */
  close(): void
}

const families: readonly IPFamily[] = ['IPv4', 'IPv6']

const worst = (result: CheckResult): Outcome => {
  const ranks = Object.values(result.families).map(verdict => outcomes.indexOf(verdict.outcome))
  return outcomes[Math.max(...ranks)] ?? 'skip'
}

/** `pass` where all families agree, else `IPv4 pass, IPv6 FAIL`. */
function describeFamilies(result: CheckResult, language: Language): string {
  const entries = families.flatMap(family => {
    const outcome = result.families[family]?.outcome
    return outcome ? [[family, words.outcomeNames[outcome][language]] as const] : []
  })
  const agree = entries.every(([, name]) => name === entries[0]?.[1])
  if (agree) return entries[0]?.[1] ?? ''
  return entries.map(([family, name]) => `${family} ${name}`).join(', ')
}

/** One line for each check as it finishes; for logs. */
export class PlainDisplay implements Display {
  readonly #stream: DisplayStream
  readonly #language: Language
  #total = 0
  #done = 0

  constructor(stream: DisplayStream, options: Pick<DisplayOptions, 'language'>) {
    this.#stream = stream
    this.#language = options.language
  }

  handle(event: RunEvent): void {
    if (event.type === 'started') this.#total = event.total
    if (event.type !== 'checkFinished') return
    this.#done++
    const { result } = event
    const count = `${String(this.#done).padStart(String(this.#total).length)}/${this.#total}`
    const how = `${words.outcomeMarks[worst(result)]} ${describeFamilies(result, this.#language)}`
    const took = words.formatDuration(result.durationMs, this.#language)
    this.#stream.write(`${count} ${result.id} ${how} (${took}) ${result.title[this.#language]}\n`)
  }

  close(): void {}
}

const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const tickMs = 100
const mostRunning = 6
const control = '\u001b['
const eraseLine = `${control}K`
const eraseBelow = `${control}J`
const hideCursor = `${control}?25l`
const showCursor = `${control}?25h`

const captions = {
  cleaning: { en: 'removing namespace', ja: '名前空間を削除しています:' },
  more: { en: 'more', ja: '件' },
} as const satisfies Readonly<Record<string, Text>>

/** Lines at the bottom of a terminal, redrawn in place ten times a second at most. */
export class LiveDisplay implements Display {
  readonly #stream: DisplayStream
  readonly #options: DisplayOptions
  readonly #paint: ReturnType<typeof painter>
  readonly #began: number
  readonly #running = new Map<string, string>()
  readonly #counts: Record<Outcome, number> = { pass: 0, warn: 0, fail: 0, skip: 0, notEvaluable: 0 }
  readonly #resized = () => this.#draw('')
  #total = 0
  #cleaning: string | undefined
  #drawn: string[] = []
  #timer: Timer | undefined
  #state: 'waiting' | 'open' | 'closed' = 'waiting'

  constructor(stream: DisplayStream, options: DisplayOptions) {
    this.#stream = stream
    this.#options = options
    this.#paint = painter(options.color)
    this.#began = options.clock.monotonic()
  }

  handle(event: RunEvent): void {
    if (this.#state === 'closed') return
    const { language } = this.#options
    switch (event.type) {
      case 'started':
        this.#total = event.total
        this.#open()
        break
      case 'checkStarted':
        this.#running.set(event.id, event.title[language])
        break
      case 'progress':
        this.#running.set(event.id, event.what[language])
        break
      case 'checkFinished':
        this.#running.delete(event.result.id)
        this.#finished(event.result)
        break
      case 'cleaning':
        this.#cleaning = event.namespace
        break
      case 'finished':
        this.close()
    }
  }

  close(): void {
    if (this.#state !== 'open') {
      this.#state = 'closed'
      return
    }
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#stream.off?.('resize', this.#resized)
    this.#stream.write(`${this.#backToTop()}${eraseBelow}${showCursor}`)
    this.#drawn = []
  }

  #open(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'open'
    this.#stream.on?.('resize', this.#resized)
    this.#stream.write(hideCursor)
    const tick = () => {
      this.#draw('')
      this.#timer = this.#options.clock.after(tickMs, tick)
    }
    tick()
  }

  /** Findings stay on the screen, above the lines that change. */
  #finished(result: CheckResult): void {
    const outcome = worst(result)
    this.#counts[outcome]++
    if (outcome !== 'fail' && outcome !== 'warn') return
    const { language } = this.#options
    const affected = families.filter(family => result.families[family]?.outcome === outcome).join(', ')
    const cell = outcomeCell(outcome, language)
    const text = truncate(
      `${result.id} ${affected}: ${result.title[language]}`,
      this.#width() - widthOf(cell) - 1,
    )
    this.#draw(`${this.#paint(outcome, cell)} ${text}${eraseLine}\n`)
  }

  #width(): number {
    return Math.max(20, (this.#stream.columns ?? 80) - 1)
  }

  /** Where the first of the drawn lines is now: a terminal that became narrower has broken them up. */
  #backToTop(): string {
    const columns = Math.max(1, this.#stream.columns ?? 80)
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0)
    return rows === 0 ? '\r' : `${control}${rows}A\r`
  }

  /** One write per frame, each line over the one before it, so that nothing flickers. */
  #draw(above: string): void {
    if (this.#state !== 'open') return
    const lines = this.#lines()
    const body = lines.map(line => `${line}${eraseLine}\n`).join('')
    this.#stream.write(`${this.#backToTop()}${above}${body}${eraseBelow}`)
    this.#drawn = lines
  }

  #lines(): string[] {
    const { language, clock } = this.#options
    const elapsedMs = clock.monotonic() - this.#began
    const elapsed = words.formatElapsed(elapsedMs, language)
    const done = Object.values(this.#counts).reduce((sum, count) => sum + count, 0)
    const frame = frames[Math.floor(elapsedMs / tickMs) % frames.length]
    const counts = words.outcomesWorstFirst
      .filter(outcome => this.#counts[outcome] > 0)
      .map(outcome => `${words.outcomeNames[outcome][language]} ${this.#counts[outcome]}`)
    const status = [`${frame} ${done}/${this.#total}`, elapsed, ...counts].join('  ')
    const width = this.#width()
    return [truncate(status, width), ...this.#nowRunning(width).map(line => this.#paint('dim', line))]
  }

  #nowRunning(width: number): string[] {
    const { language } = this.#options
    const room = Math.max(1, Math.min(mostRunning, (this.#stream.rows ?? 24) - 3))
    const running = [...this.#running].map(([id, what]) => truncate(`  ${id}  ${what}`, width))
    if (this.#cleaning !== undefined) {
      running.push(truncate(`  ${captions.cleaning[language]} ${this.#cleaning}`, width))
    }
    if (running.length <= room) return running
    const hidden = running.length - room + 1
    const more = language === 'ja' ? `  ほか${hidden}${captions.more.ja}` : `  ${hidden} ${captions.more.en}`
    return [...running.slice(0, room - 1), more]
  }
}

/** The display for a stream: `live` where it is a terminal that can move its cursor. */
export const openDisplay = (
  stream: DisplayStream,
  options: DisplayOptions & { readonly live: boolean },
): Display => (options.live ? new LiveDisplay(stream, options) : new PlainDisplay(stream, options))
