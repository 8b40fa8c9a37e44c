// How a run is read: as text, as a live display, and as json, junit and html.
export { renderHTML } from './html.ts'
export { renderJSON } from './json.ts'
export { renderJUnit } from './junit.ts'
export { type Display, type DisplayOptions, type DisplayStream, openDisplay } from './live.ts'
export {
  type Output,
  type OutputFormat,
  outputFormats,
  parseOutputs,
  type ReportSink,
  writeReports,
} from './outputs.ts'
export { renderTerminal, type TerminalOptions } from './terminal.ts'
