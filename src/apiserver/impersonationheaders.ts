// The headers of a message, with those of impersonation as they were sent: each value of its own, in UTF-8.
import type { IncomingHttpHeaders } from 'node:http'

/** Node reads a header's bytes as Latin-1; names of users and groups are UTF-8. */
function asUTF8(value: string): string {
  const text = Buffer.from(value, 'latin1').toString()
  return text.includes('\ufffd') ? value : text
}

interface Message {
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
}

/** Node joins headers that occur several times with a comma; a group's name may have one of its own. */
export function headersSent({ headers, rawHeaders }: Message): IncomingHttpHeaders {
  if (headers['impersonate-user'] === undefined) return headers
  const sent: Record<string, string | string[] | undefined> = { ...headers }
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    if (!name.startsWith('impersonate-')) continue
    const before = Array.isArray(sent[name]) ? sent[name] : []
    sent[name] = [...before, asUTF8(rawHeaders[index + 1]!)]
  }
  return sent
}
