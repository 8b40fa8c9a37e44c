// HTML that cannot be broken into: the tag html`...` escapes whatever is put in, except for Markup that it
// made itself.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export class Markup {
  readonly text: string

  private constructor(text: string) {
    this.text = text
  }

  /** For text that is known to be HTML, such as a stylesheet of ours. */
  static trusted(text: string): Markup {
    return new Markup(text)
  }
}

type Part = string | number | Markup | undefined | readonly Part[]

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what HTML cannot hold
const notInHTML = /[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f]|\p{Surrogate}/gu

function escaped(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(escaped).join('')
  return String(part)
    .replace(notInHTML, '\ufffd')
    .replace(/[&<>"']/g, character => entities[character]!)
}

export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  Markup.trusted(strings.reduce((text, string, index) => text + escaped(parts[index - 1]) + string))

/** A text in which `backticks` mark code. */
export const withCode = (text: string): Markup =>
  html`${text
    .split(/`([^`\n]+)`/)
    .map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : piece))}`
