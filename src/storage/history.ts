// How much of the past a local driver keeps: about the last five minutes (what kube-apiserver asks etcd
// for) or so many revisions, whichever is less.
import type { Clock, Timer } from '../component/clock.ts'
import type { VersionIndex } from './mvcc.ts'

export interface HistoryPolicy {
  readonly revisions?: number
  readonly ageMs?: number
}

/** Marks taken within the age limit; the age kept is exact to a tenth. */
const marksPerAge = 10

export class HistoryKeeper {
  readonly #index: VersionIndex
  readonly #clock: Clock
  readonly #revisions: number
  readonly #ageMs: number
  readonly #onForgotten: () => void
  readonly #marks: { readonly at: number; readonly revision: number }[] = []
  #timer: Timer | undefined

  /** `onForgotten` is told when time has passed and there may be something to sweep. */
  constructor(index: VersionIndex, clock: Clock, options: HistoryPolicy & { onForgotten: () => void }) {
    this.#index = index
    this.#clock = clock
    this.#revisions = options.revisions ?? 10_000
    this.#ageMs = options.ageMs ?? 300_000
    this.#onForgotten = options.onForgotten
    this.#mark()
  }

  /** After a write: applies the limit on revisions. */
  trim(): void {
    const oldest = this.#index.revision - this.#revisions
    if (oldest > this.#index.forgotten) this.#index.forget(oldest)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #mark(): void {
    const now = this.#clock.monotonic()
    const before = this.#index.forgotten
    while (this.#marks[0] && this.#marks[0].at <= now - this.#ageMs) {
      this.#index.forget(this.#marks.shift()!.revision)
    }
    if (this.#marks.at(-1)?.revision !== this.#index.revision) {
      this.#marks.push({ at: now, revision: this.#index.revision })
    }
    this.#timer = this.#clock.after(this.#ageMs / marksPerAge, () => this.#mark())
    if (this.#index.forgotten > before) this.#onForgotten()
  }
}
