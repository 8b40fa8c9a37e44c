// Host and port in one text, `192.0.2.1:80` and `[2001:db8::1]:80`: the only place where brackets are put
// on and taken off (RFC 3986, section 3.2.2). It splits what Go's net.SplitHostPort splits.

export interface HostPort {
  readonly host: string
  readonly port: string
}

export const joinHostPort = (host: string, port: number | string): string =>
  `${bracketHost(host)}:${String(port)}`

/**
 * Undefined when there is no port, when an IPv6 address lacks its brackets, or a bracket stands elsewhere.
 */
export function splitHostPort(text: string): HostPort | undefined {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return undefined
  const port = text.slice(colon + 1)
  const bracketed = text.startsWith('[')
  if (bracketed && text[colon - 1] !== ']') return undefined
  const host = bracketed ? text.slice(1, colon - 1) : text.slice(0, colon)
  if (/[[\]]/.test(host + port) || (!bracketed && host.includes(':'))) return undefined
  return { host, port }
}

/** For a URL's authority, where an IPv6 address stands in brackets even without a port. */
export const bracketHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)
