// A sorted set of keys with one value each, for ranges by prefix. Sorted chunks of bounded length: an
// insertion moves at most a chunk's worth of pointers, so it stays cheap with hundreds of thousands of
// keys.

const chunkLimit = 512

const notASCII = /[^\0-\x7f]/

/** A string whose UTF-16 order is the order of the key's UTF-8 bytes; for an ASCII key, the key itself. */
export function byteOrder(key: string): string {
  return notASCII.test(key) ? Buffer.from(key, 'utf8').toString('latin1') : key
}

interface Slot<T> {
  /** byteOrder of the key. */
  readonly order: string
  value: T
}

export class KeyIndex<T> {
  readonly #slots = new Map<string, Slot<T>>()
  readonly #chunks: Slot<T>[][] = []

  get size(): number {
    return this.#slots.size
  }

  get(key: string): T | undefined {
    return this.#slots.get(byteOrder(key))?.value
  }

  set(key: string, value: T): void {
    const order = byteOrder(key)
    const known = this.#slots.get(order)
    if (known) {
      known.value = value
      return
    }
    const slot = { order, value }
    this.#slots.set(order, slot)
    this.#insert(slot)
  }

  delete(key: string): void {
    const order = byteOrder(key)
    if (!this.#slots.delete(order)) return
    const [chunkIndex, index] = this.#locate(order)
    const chunk = this.#chunks[chunkIndex]!
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1)
  }

  /**
   * The values of all keys that start with `prefix` and come after `after`, in byte order. Do not change it
   * meanwhile.
   */
  *range(prefix: string, after?: string): Generator<T, void, undefined> {
    const start = byteOrder(prefix)
    const behind = after === undefined ? '' : byteOrder(after)
    // biome-ignore lint/complexity/useMathMinMax: these are strings
    let [chunkIndex, index] = this.#locate(start < behind ? behind : start)
    for (; chunkIndex < this.#chunks.length; chunkIndex++, index = 0) {
      const chunk = this.#chunks[chunkIndex]!
      for (; index < chunk.length; index++) {
        const slot = chunk[index]!
        if (!slot.order.startsWith(start)) return
        if (after === undefined || slot.order > behind) yield slot.value
      }
    }
  }

  #insert(slot: Slot<T>): void {
    const last = this.#chunks.at(-1)
    if (!last) {
      this.#chunks.push([slot])
      return
    }
    let [chunkIndex, index] = this.#locate(slot.order)
    if (chunkIndex === this.#chunks.length) {
      chunkIndex--
      index = last.length
    }
    const chunk = this.#chunks[chunkIndex]!
    chunk.splice(index, 0, slot)
    if (chunk.length <= chunkLimit) return
    // Keys that arrive in ascending order leave full chunks behind, others half-full ones.
    const keep = index === chunkLimit && chunk === last ? chunkLimit : chunkLimit / 2
    this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(keep))
  }

  /**
   * Chunk and index of the first slot that is not before `order`; the chunk is one too many when there is
   * none.
   */
  #locate(order: string): [number, number] {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.at(-1)!.order < order) low = middle + 1
      else high = middle
    }
    const chunk = this.#chunks[low]
    if (!chunk) return [low, 0]
    let from = 0
    let to = chunk.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if (chunk[middle]!.order < order) from = middle + 1
      else to = middle
    }
    return [low, from]
  }
}
