// The recent changes of a resource, for watches that begin at a revision in the past. Bounded by number and
// by bytes; what fell out has to be asked of the store.
import type { Change } from './dispatch.ts'

export const mostRecentChanges = 8_192
export const mostRecentBytes = 4 * 1024 * 1024

export class EventRing {
  #changes: Change[] = []
  #start = 0
  #bytes = 0
  /** Watches from this revision on miss nothing. */
  #complete: number

  constructor(revision: number) {
    this.#complete = revision
  }

  /** The oldest revision that a watch can begin after. */
  get oldest(): number {
    return this.#complete
  }

  get length(): number {
    return this.#changes.length - this.#start
  }

  push(change: Change): void {
    this.#changes.push(change)
    this.#bytes += change.size
    while (this.length > mostRecentChanges || (this.#bytes > mostRecentBytes && this.length > 1)) {
      const dropped = this.#changes[this.#start]!
      this.#changes[this.#start++] = change
      this.#bytes -= dropped.size
      this.#complete = dropped.stored.revision
    }
    if (this.#start > 1_024 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start)
      this.#start = 0
    }
  }

  /** The changes after a revision; undefined when some of them are forgotten. */
  after(revision: number): readonly Change[] | undefined {
    if (revision < this.#complete) return undefined
    let low = this.#start
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#changes[middle]!.stored.revision <= revision) low = middle + 1
      else high = middle
    }
    return this.#changes.slice(low)
  }
}
