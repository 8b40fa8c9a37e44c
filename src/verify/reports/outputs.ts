// Which reports are asked for and where they go: `--output html=report.html --output json`.
import type { Report } from '../report.ts'
import type { Language } from '../text.ts'
import { renderHTML } from './html.ts'
import { renderJSON } from './json.ts'
import { renderJUnit } from './junit.ts'
import { renderTerminal } from './terminal.ts'

export const outputFormats = ['terminal', 'json', 'junit', 'html'] as const
export type OutputFormat = (typeof outputFormats)[number]

export interface Output {
  readonly format: OutputFormat
  /** Absent: standard output. */
  readonly file?: string
}

const isFormat = (text: string): text is OutputFormat => outputFormats.some(format => format === text)

/**
 * Reads `terminal`, `html=report.html` and the like; nothing asked for is `terminal`. Throws an Error that
 * says what it expects.
 */
export function parseOutputs(texts: readonly string[]): Output[] {
  const outputs = texts.map(text => {
    const [format = '', ...rest] = text.split('=')
    const file = rest.join('=')
    if (!isFormat(format) || (rest.length > 0 && file === '')) {
      throw new Error(
        `Cannot write the output "${text}": expected ${outputFormats.join(', ')}, or one of them with =FILE`,
      )
    }
    return rest.length > 0 ? { format, file } : { format }
  })
  const [first, second] = outputs.filter(output => output.file === undefined && output.format !== 'terminal')
  if (first && second) {
    throw new Error(
      `Cannot write ${first.format} and ${second.format} to standard output: they would mix, ` +
        `expected a file for one of them, such as --output ${second.format}=FILE`,
    )
  }
  return outputs.length > 0 ? outputs : [{ format: 'terminal' }]
}

export interface ReportSink {
  readonly language: Language
  /** Columns of the terminal; `color`: whether it shows colours. A file gets neither. */
  readonly width: number
  readonly color: boolean
  /** The terminal report says also what was seen where a check passed. */
  readonly evidence?: boolean
  stdout(text: string): void
  stderr(text: string): void
  writeFile(path: string, text: string): Promise<void>
}

function render(report: Report, output: Output, sink: ReportSink): string {
  const { language } = sink
  switch (output.format) {
    case 'json':
      return renderJSON(report)
    case 'junit':
      return renderJUnit(report, { language })
    case 'html':
      return renderHTML(report, { language })
    case 'terminal':
      return renderTerminal(report, output.file === undefined ? sink : { ...sink, width: 110, color: false })
  }
}

/**
 * Writes each output. The terminal report gives way to one for programs: it goes to standard error when json,
 * junit or html go to standard output, so that a pipe gets only those.
 */
export async function writeReports(
  report: Report,
  outputs: readonly Output[],
  sink: ReportSink,
): Promise<void> {
  const piped = outputs.some(output => output.file === undefined && output.format !== 'terminal')
  for (const output of outputs) {
    const text = render(report, output, sink)
    if (output.file !== undefined) await sink.writeFile(output.file, text)
    else if (output.format === 'terminal' && piped) sink.stderr(text)
    else sink.stdout(text)
  }
}
