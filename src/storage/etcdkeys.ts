// Which keys of an etcd are the store's: those below a prefix, all others are not looked at. Keys are bytes
// there and texts here.
import { StoreError } from './store.ts'

/** From `key` on to `rangeEnd`, which is not in it; the single zero byte as an end means: to the last. */
export interface KeyRange {
  readonly key: Buffer
  readonly rangeEnd: Buffer
}

const zero = Buffer.from([0])

/** Every key there is, the store's and others. */
export const allKeys: KeyRange = { key: zero, rangeEnd: zero }

/** The first key after all those that start with the prefix. UTF-8 has no byte 255, so the last can grow. */
function endOf(prefix: Buffer): Buffer {
  if (prefix.length === 0) return zero
  const end = Buffer.from(prefix)
  end[end.length - 1]!++
  return end
}

export class EtcdKeys {
  readonly #local: string
  readonly #remote: string

  /** The store's keys start with `local`; in etcd `remote` stands there instead. */
  constructor(local: string, remote: string) {
    this.#local = local
    this.#remote = remote
  }

  /** Throws StoreError `InvalidWrite` for a key that cannot be the store's. */
  toEtcd(key: string): Buffer {
    if (key.startsWith(this.#local)) return Buffer.from(this.#remote + key.slice(this.#local.length))
    const message = `Cannot use the key ${key}: expected one that starts with ${this.#local}`
    throw new StoreError('InvalidWrite', message, { key })
  }

  /** Undefined for a key that is not the store's. */
  fromEtcd(key: Buffer): string | undefined {
    const text = key.toString()
    return text.startsWith(this.#remote) ? this.#local + text.slice(this.#remote.length) : undefined
  }

  /** The keys that start with `prefix` and come after `after`; undefined when there can be none. */
  range(prefix: string, after?: string): KeyRange | undefined {
    const isWider = this.#local.startsWith(prefix)
    if (!isWider && !prefix.startsWith(this.#local)) return undefined
    const start = this.toEtcd(isWider ? this.#local : prefix)
    const range = { key: start.length === 0 ? zero : start, rangeEnd: endOf(start) }
    if (after === undefined) return range
    if (!after.startsWith(this.#local)) {
      return Buffer.from(after).compare(Buffer.from(this.#local)) < 0 ? range : undefined
    }
    const next = Buffer.concat([this.toEtcd(after), zero])
    if (next.compare(start) <= 0) return range
    return start.length > 0 && next.compare(range.rangeEnd) >= 0 ? undefined : { ...range, key: next }
  }
}
