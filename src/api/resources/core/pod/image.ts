// How a container image is named, as far as the API cares: a reference without tag and digest means
// `latest`, and `latest` is always pulled. Follows github.com/distribution/reference's grammar.

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const registry = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/
const tagged = /^[\w][\w.-]{0,127}$/
const digested = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/

export interface ImageReference {
  /** Registry and path. */
  readonly name: string
  readonly tag: string
  readonly digest: string
}

/** Undefined when it is no valid reference. A tag neither given nor replaced by a digest is `latest`. */
export function parseImage(text: string): ImageReference | undefined {
  const at = text.indexOf('@')
  const digest = at < 0 ? '' : text.slice(at + 1)
  const rest = at < 0 ? text : text.slice(0, at)
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1)
  const tag = colon < 0 ? '' : rest.slice(colon + 1)
  const name = colon < 0 ? rest : rest.slice(0, colon)
  if ((colon >= 0 && !tagged.test(tag)) || (at >= 0 && !digested.test(digest))) return undefined
  const parts = name.split('/')
  const [first = ''] = parts
  const hasRegistry = parts.length > 1 && (/[.:A-Z[]/.test(first) || first === 'localhost')
  if (hasRegistry && !registry.test(first)) return undefined
  const path = hasRegistry ? parts.slice(1) : parts
  if (path.length === 0 || !path.every(part => component.test(part))) return undefined
  return { name, tag: tag === '' && digest === '' ? 'latest' : tag, digest }
}

export function pullPolicyFor(image: string): 'Always' | 'IfNotPresent' {
  return parseImage(image)?.tag === 'latest' ? 'Always' : 'IfNotPresent'
}
