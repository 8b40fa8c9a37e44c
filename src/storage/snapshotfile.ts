// A store's contents as a file: lines of JSON, the first saying what it is, the last how many entries there
// are and the digest of all lines before it, so that a file that is cut off or damaged is noticed.
import { createHash } from 'node:crypto'
import type { StoreSnapshot } from './snapshot.ts'
import { type Entry, type Store, StoreError } from './store.ts'

const format = 'futago-snapshot/1'

/** Entries are read in steps, so that a large store need not be in memory twice. */
const entriesPerStep = 500

/** Values are JSON text but for those that are encrypted. */
function valueFields(value: Buffer): { readonly value: string } | { readonly base64: string } {
  const text = value.toString()
  return Buffer.from(text).equals(value) ? { value: text } : { base64: value.toString('base64') }
}

/** The lines of a snapshot of what the store holds now; all of them show one revision. */
export async function* snapshotLines(store: Store): AsyncGenerator<Buffer> {
  const digest = createHash('sha256')
  const line = (content: object) => {
    const bytes = Buffer.from(`${JSON.stringify(content)}\n`)
    digest.update(bytes)
    return bytes
  }
  let count = 0
  let after = ''
  let page = await store.list({ prefix: '', limit: entriesPerStep })
  const { revision } = page
  yield line({ format, revision })
  while (page.entries.length > 0) {
    const lines = page.entries.map(({ key, revision: of, createRevision, value }) =>
      line({ key, revision: of, createRevision, ...valueFields(value) }),
    )
    yield Buffer.concat(lines)
    count += lines.length
    after = page.entries.at(-1)!.key
    if (page.remaining === 0) break
    page = await store.list({ prefix: '', after, limit: entriesPerStep, revision })
  }
  yield Buffer.from(`${JSON.stringify({ entries: count, sha256: digest.digest('hex') })}\n`)
}

const unreadable = (why: string) => new StoreError('Corrupt', `Cannot read the snapshot: ${why}`)

function parseLine(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw unreadable(`line ${number} is damaged`)
}

function entryOf(line: string, number: number): Entry {
  const { key, revision, createRevision, value, base64 } = parseLine(line, number)
  const isWhole =
    typeof key === 'string' &&
    Number.isSafeInteger(revision) &&
    Number.isSafeInteger(createRevision) &&
    (typeof value === 'string') !== (typeof base64 === 'string')
  if (!isWhole) throw unreadable(`line ${number} is no entry`)
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(base64 as string, 'base64')
  return { key, value: bytes, revision: revision as number, createRevision: createRevision as number }
}

/** Throws StoreError `Corrupt` for what is no snapshot, and one that is cut off or damaged. */
export function parseSnapshot(bytes: Buffer): StoreSnapshot {
  const text = bytes.toString()
  const [first = '', ...lines] = text.split('\n')
  if (!first.includes(format)) throw unreadable(`it does not begin with ${JSON.stringify(format)}`)
  const { revision } = parseLine(first, 1)
  if (lines.pop() !== '' || !Number.isSafeInteger(revision)) throw unreadable('it is cut off')
  const last = lines.pop() ?? ''
  if (!last.startsWith('{"entries":')) throw unreadable('it is cut off')
  const { entries: count, sha256 } = parseLine(last, lines.length + 2)
  const covered = bytes.subarray(0, bytes.length - Buffer.byteLength(last) - 1)
  if (createHash('sha256').update(covered).digest('hex') !== sha256 || count !== lines.length) {
    throw unreadable('its digest does not fit: it is damaged')
  }
  const entries = new Map<string, Entry>()
  for (const [index, line] of lines.entries()) {
    const entry = entryOf(line, index + 2)
    entries.set(entry.key, entry)
  }
  return { revision: revision as number, entries }
}
