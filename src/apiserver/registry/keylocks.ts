// One write at a time per object: the next one reads what the one before has written, instead of racing it
// and losing. The store's expected revisions still guard against other writers.

export class KeyLocks {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Runs `work` after all earlier work on this key has ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const mine = before === undefined ? work() : before.then(work, work)
    this.#tails.set(key, mine)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === mine) this.#tails.delete(key)
    }
  }

  /** How many keys have work now. */
  get size(): number {
    return this.#tails.size
  }
}
