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

/** What stands in `backticks`, and flags, such as --node-ip=<IPv4 address>,<IPv6 address>, anywhere. */
const placeholderOrValue = '(?:<[^<>\\n]*>|[\\w/\\]]|[.:,\\[-](?=[\\w</:\\[]))+'
const flag = `(?<![\\w-])--[a-z][a-z0-9-]*[a-z0-9](?:=${placeholderOrValue})?`
const code = new RegExp(`\`([^\`\\n]+)\`|(${flag})`, 'g')

/** A text with what is to be typed marked as code. */
export function withCode(text: string): Markup {
  const parts: Part[] = []
  let end = 0
  for (const match of text.matchAll(code)) {
    parts.push(text.slice(end, match.index), html`<code>${match[1] ?? match[2]}</code>`)
    end = match.index + match[0].length
  }
  return html`${[...parts, text.slice(end)]}`
}
