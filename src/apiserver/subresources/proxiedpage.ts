// Links of a page that is shown through the API server: those to the root of the page's own server lead
// through the proxy as well (upstream apimachinery pkg/util/proxy, Transport). Here a page is rewritten while
// it passes, so that one that goes on without end is seen, and costs no more memory than its longest tag.
import { Transform, type TransformCallback } from 'node:stream'

export interface ProxiedPlace {
  /** The part of the request's path that stands for the server's root. */
  readonly prefix: string
  /** Names of the server in links: its address, and what the client calls the API server. */
  readonly hosts: readonly string[]
}

/** A link to the server's root, or to the server by its name, leads through the proxy. */
export function rewriteLink(link: string, { prefix, hosts }: ProxiedPlace): string {
  const [, host, rest = ''] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/s.exec(link) ?? [undefined, undefined, link]
  if (host !== undefined && !hosts.includes(host)) return link
  const path = host !== undefined && rest === '' ? '/' : rest
  if (!path.startsWith('/')) return link
  return path.startsWith(`${prefix}/`) ? path : prefix + path
}

/** The attributes whose values are links, by element. */
const linkAttributes: Readonly<Record<string, string>> = {
  a: 'href',
  applet: 'codebase',
  area: 'href',
  audio: 'src',
  base: 'href',
  blockquote: 'cite',
  body: 'background',
  button: 'formaction',
  command: 'icon',
  del: 'cite',
  embed: 'src',
  form: 'action',
  frame: 'longdesc src',
  head: 'profile',
  html: 'manifest',
  iframe: 'longdesc src',
  img: 'longdesc src usemap',
  input: 'src usemap formaction',
  ins: 'cite',
  link: 'href',
  object: 'classid codebase data usemap',
  q: 'cite',
  script: 'src',
  source: 'src',
  video: 'poster src',
}

/** What is inside these is no markup. */
const rawElements = new Set(['script', 'style', 'textarea', 'title', 'xmp'])

const tag = /<([a-z][a-z0-9]*)(?:"[^"]*"|'[^']*'|[^"'>])*>/iy
const attribute = /(\s)([a-z]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi

/** A longer one is passed on as it is. */
const longestTag = 4096

function rewriteTag(text: string, element: string, place: ProxiedPlace): string {
  const names = linkAttributes[element]?.split(' ')
  if (!names) return text
  return text.replace(attribute, (whole, space: string, name: string, equals: string, value: string) => {
    if (!names.includes(name.toLowerCase())) return whole
    const quote = /^["']/.test(value) ? value[0]! : ''
    const link = quote === '' ? value : value.slice(1, -1)
    return `${space}${name}${equals}${quote}${rewriteLink(link, place)}${quote}`
  })
}

export class LinkRewriter extends Transform {
  readonly #place: ProxiedPlace
  /** As latin1, which keeps every byte. */
  #pending = ''
  /** Where the part of the page ends in which there are no tags. */
  #until = ''

  constructor(place: ProxiedPlace) {
    super()
    this.#place = place
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
    this.#pending += chunk.toString('latin1')
    let passed = ''
    for (let part = this.#next(); part !== ''; part = this.#next()) passed += part
    done(null, Buffer.from(passed, 'latin1'))
  }

  override _flush(done: TransformCallback) {
    done(null, Buffer.from(this.#pending, 'latin1'))
  }

  #take(length: number): string {
    const taken = this.#pending.slice(0, length)
    this.#pending = this.#pending.slice(length)
    return taken
  }

  /** As much as can be told now; empty when more of the page has to come first. */
  #next(): string {
    if (this.#until !== '') return this.#plain()
    const start = this.#pending.indexOf('<')
    if (start !== 0) return this.#take(start < 0 ? this.#pending.length : start)
    if (this.#pending.startsWith('<!--')) {
      this.#until = '-->'
      return this.#take('<!--'.length)
    }
    tag.lastIndex = 0
    const [text, name = ''] = tag.exec(this.#pending) ?? []
    if (text === undefined || text.length > longestTag) {
      const isBegun = /^<([a-z]|$|!(-|$))/i.test(this.#pending) && this.#pending.length <= longestTag
      return isBegun ? '' : this.#take(1)
    }
    const element = name.toLowerCase()
    if (rawElements.has(element) && !text.endsWith('/>')) this.#until = `</${element}`
    this.#take(text.length)
    return rewriteTag(text, element, this.#place)
  }

  #plain(): string {
    const end = this.#pending.toLowerCase().indexOf(this.#until)
    if (end < 0) return this.#take(Math.max(0, this.#pending.length - this.#until.length))
    const length = end + this.#until.length
    this.#until = ''
    return this.#take(length)
  }
}
