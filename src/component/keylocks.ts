// One piece of work at a time per key, in the order in which it was asked for: a write to an object reads
// what the one before has written, a sandbox is not taken down twice at once.

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
