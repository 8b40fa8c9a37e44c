// The textual form of keys and certificates (RFC 7468).

export interface PEMBlock {
  readonly label: string
  readonly bytes: Buffer
  /** Lines such as `Proc-Type: 4,ENCRYPTED` before the contents. */
  readonly hasHeaders: boolean
}

const begin = /-----BEGIN ([^-\r\n]+)-----/g

/** The blocks of a text, in order, up to one that does not end; what is between them is ignored. */
export function decodePEM(text: string): PEMBlock[] {
  const blocks: PEMBlock[] = []
  const search = new RegExp(begin)
  for (let match = search.exec(text); match; match = search.exec(text)) {
    const [line, label = ''] = match
    const end = text.indexOf(`-----END ${label}-----`, match.index)
    if (end < 0) break
    search.lastIndex = end
    const body = text.slice(match.index + line.length, end)
    const hasHeaders = body.includes(':')
    const contents = (hasHeaders ? body.slice(body.search(/\n\r?\n/) + 1) : body).replace(/\s/g, '')
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(contents)) continue
    blocks.push({ label, bytes: Buffer.from(contents, 'base64'), hasHeaders })
  }
  return blocks
}

export const encodePEM = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
