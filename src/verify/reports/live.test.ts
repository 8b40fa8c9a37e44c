import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../component/clock.ts'
import type { RunEvent } from '../report.ts'
import { verbatim } from '../text.ts'
import { type DisplayStream, LiveDisplay, openDisplay, PlainDisplay } from './live.ts'
import { dualStackReport } from './report.fake.ts'
import { widthOf } from './width.ts'

/** A terminal that understands what the display uses of ECMA-48, and breaks long lines as real ones do. */
class Screen implements DisplayStream {
  columns: number
  rows: number
  readonly writes: string[] = []
  cursorShown = true
  readonly #lines: string[] = ['']
  #row = 0
  #column = 0
  #onResize: (() => void) | undefined

  constructor(columns = 80, rows = 24) {
    this.columns = columns
    this.rows = rows
  }

  on(_: 'resize', listener: () => void) {
    this.#onResize = listener
  }

  off() {
    this.#onResize = undefined
  }

  get listening() {
    return this.#onResize !== undefined
  }

  /** A narrower terminal breaks the lines that are on it; the cursor stays on its line. */
  resize(columns: number) {
    const wrapped = this.#lines.map(line => Math.max(1, Math.ceil(widthOf(line) / columns)))
    const lines = this.#lines.flatMap(line =>
      line === '' ? [''] : (line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? []),
    )
    this.#row = wrapped.slice(0, this.#row).reduce((sum, count) => sum + count, 0)
    this.#lines.splice(0, this.#lines.length, ...lines)
    this.columns = columns
    this.#onResize?.()
  }

  write(text: string) {
    this.writes.push(text)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own language
    for (const [token, parameter, command] of text.matchAll(/\u001b\[([?0-9;]*)([A-Za-z])|[\s\S]/gu)) {
      if (command !== undefined) this.#control(command, parameter!)
      else this.#print(token)
    }
  }

  text(): string[] {
    return this.#lines
      .map(line => line.trimEnd())
      .filter((line, index, all) => line !== '' || index < all.length - 1)
  }

  #control(command: string, parameter: string) {
    if (command === 'A') this.#row = Math.max(0, this.#row - Number(parameter))
    if (command === 'K') this.#lines[this.#row] = [...this.#lines[this.#row]!].slice(0, this.#column).join('')
    if (command === 'J') {
      this.#control('K', '')
      this.#lines.splice(this.#row + 1)
    }
    if (parameter === '?25') this.cursorShown = command === 'h'
  }

  #print(character: string) {
    if (character === '\r') this.#column = 0
    else if (character === '\n') {
      this.#row++
      this.#column = 0
      this.#lines[this.#row] ??= ''
    } else {
      const line = [...this.#lines[this.#row]!]
      line[this.#column++] = character
      this.#lines[this.#row] = line.map(each => each ?? ' ').join('')
    }
  }
}

const [, , , addresses] = dualStackReport.checks
const started: RunEvent = { type: 'started', total: 15, server: 'https://[::1]:6443' }
const begin = (id: string, title: string): RunEvent => ({ type: 'checkStarted', id, title: verbatim(title) })
const passed = (id: string): RunEvent => ({
  type: 'checkFinished',
  result: { ...dualStackReport.checks[0]!, id },
})
const failed: RunEvent = { type: 'checkFinished', result: addresses! }

function open(screen = new Screen(), color = false) {
  const clock = new FakeClock()
  const display = new LiveDisplay(screen, { language: 'en', color, clock })
  return { screen, clock, display }
}

describe('on a terminal', () => {
  test('the lines at the bottom say what runs now, how long it took so far and what came of it', async () => {
    const { screen, clock, display } = open()
    for (const event of [
      started,
      begin('PRE-01', 'Version'),
      passed('PRE-01'),
      begin('POD-09', 'Pods reach'),
    ]) {
      display.handle(event)
    }
    display.handle({ type: 'progress', id: 'POD-09', what: verbatim('node1 to node2') })
    await clock.advance(1500)
    expect(screen.text()).toEqual(['⠴ 1/15  1 s  pass 1', '  POD-09  node1 to node2'])
    expect(screen.cursorShown).toBe(false)
  })

  test('findings stay above them', async () => {
    const { screen, clock, display } = open()
    for (const event of [started, begin('NODE-04', 'x'), failed, begin('POD-09', 'Pods reach')])
      display.handle(event)
    await clock.advance(100)
    expect(screen.text()).toEqual([
      '✗ FAIL NODE-04 IPv6: Every node has an InternalIP of each family',
      '⠙ 1/15  0 s  FAIL 1',
      '  POD-09  Pods reach',
    ])
  })

  test('they are gone in the end, with the cursor where it was', async () => {
    const { screen, clock, display } = open()
    for (const event of [started, begin('NODE-04', 'x'), failed]) display.handle(event)
    display.handle({ type: 'finished', report: dualStackReport })
    const writes = screen.writes.length
    await clock.advance(1000)
    display.close()
    display.handle(failed)
    expect(screen.writes).toHaveLength(writes)
    expect(screen.text()).toEqual(['✗ FAIL NODE-04 IPv6: Every node has an InternalIP of each family'])
    expect(screen.cursorShown).toBe(true)
    expect(screen.listening).toBe(false)
  })

  test('no more of them than there is room for', async () => {
    const { screen, clock, display } = open(new Screen(80, 6))
    display.handle(started)
    for (const id of ['A-1', 'A-2', 'A-3', 'A-4', 'A-5']) display.handle(begin(id, 'title'))
    await clock.advance(100)
    expect(screen.text()).toEqual(['⠙ 0/15  0 s', '  A-1  title', '  A-2  title', '  3 more'])
  })

  test('none is longer than the terminal is wide, in Japanese too', async () => {
    const screen = new Screen(40)
    const clock = new FakeClock()
    const display = new LiveDisplay(screen, { language: 'ja', color: true, clock })
    display.handle(started)
    display.handle({ type: 'checkStarted', id: 'POD-09', title: dualStackReport.checks[8]!.title })
    display.handle({ type: 'cleaning', namespace: 'futago-verify-abcdefghijklmnopqrstuvwxyz' })
    display.handle(failed)
    await clock.advance(100)
    const lines = screen.writes.join('').split(/[\n\r]/)
    expect(lines.filter(line => widthOf(line) >= 40)).toEqual([])
    expect(screen.text().at(-1)).toContain('名前空間を削除しています')
  })

  test('a terminal that becomes narrower keeps no remains of them', async () => {
    const { screen, clock, display } = open()
    display.handle(started)
    display.handle(begin('POD-09', 'Pods reach each other on the same node and across nodes'))
    await clock.advance(100)
    screen.resize(30)
    expect(screen.text()).toEqual(['⠙ 0/15  0 s', '  POD-09  Pods reach each ot…'])
  })

  test('they are redrawn ten times a second at most, in one write each', async () => {
    const { screen, clock, display } = open()
    display.handle(started)
    const before = screen.writes.length
    for (let index = 0; index < 1000; index++) display.handle(begin(`X-${index}`, 'title'))
    await clock.advance(1000)
    expect(screen.writes.length - before).toBe(10)
  })

  test('nothing is written before the run starts', () => {
    const { screen, display } = open()
    display.close()
    expect(screen.writes).toEqual([])
  })
})

describe('elsewhere', () => {
  test('each check is a line as it finishes', () => {
    const screen = new Screen()
    const display = openDisplay(screen, { language: 'en', color: true, clock: new FakeClock(), live: false })
    for (const event of [started, begin('NODE-04', 'x'), failed, passed('PRE-01')]) display.handle(event)
    display.close()
    expect(screen.writes).toEqual([
      ' 1/15 NODE-04 ✗ IPv4 pass, IPv6 FAIL (12 ms) Every node has an InternalIP of each family\n',
      ' 2/15 PRE-01 ✓ pass (1 ms) The API server is at least the version that the page asks for\n',
    ])
    expect(display).toBeInstanceOf(PlainDisplay)
  })
})

test('openDisplay() draws where the cursor can be moved', () => {
  const options = { language: 'en', color: false, clock: new FakeClock(), live: true } as const
  expect(openDisplay(new Screen(), options)).toBeInstanceOf(LiveDisplay)
})
