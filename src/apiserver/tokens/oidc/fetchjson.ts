// Fetches a JSON document over HTTPS: an issuer's configuration and keys. No redirects, no connection kept,
// nothing without bounds.
import type { RequestOptions } from 'node:https'

/** Rejects with an Error that says why it could not be had. */
export type FetchJSON = (url: string) => Promise<unknown>

const maxBytes = 1024 * 1024
const defaultTimeoutMs = 10_000

export interface FetchOptions {
  /** PEM; absent: the authorities that Node knows. */
  readonly ca?: string
  readonly timeoutMs?: number
}

async function fetchText(url: URL, options: RequestOptions): Promise<string> {
  const { get } = await import('node:https')
  return new Promise((resolve, reject) => {
    const request = get(url, options, response => {
      if (response.statusCode !== 200) {
        reject(new Error(`the answer is ${response.statusCode}, expected 200`))
        request.destroy()
        return
      }
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxBytes) request.destroy(new Error(`the answer is longer than ${maxBytes} bytes`))
        else chunks.push(chunk)
      })
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

export function jsonFetcher({ ca, timeoutMs = defaultTimeoutMs }: FetchOptions): FetchJSON {
  return async url => {
    const signal = AbortSignal.timeout(timeoutMs)
    const options = { agent: false, signal, headers: { accept: 'application/json' }, ...(ca ? { ca } : {}) }
    try {
      const parsed = new URL(url)
      if (parsed.protocol !== 'https:') throw new Error('expected https')
      return JSON.parse(await fetchText(parsed, options))
    } catch (error) {
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : (error as Error).message
      throw new Error(`Cannot fetch ${url}: ${why}`, { cause: error })
    }
  }
}
