// The requests of one priority level: so many at a time, the others in queues that take turns. A flow has a
// hand of a few queues of its own, by its hash, and waits in the shortest (shuffle sharding): one that floods
// fills its hand, and others share at most some of it (k8s.io/apiserver pkg/util/flowcontrol).
import { createHash } from 'node:crypto'
import type { Clock } from '../../component/clock.ts'

export interface LevelLimits {
  /** Requests at a time; infinite for a level that is exempt. */
  readonly seats: number
  /** Absent: what is too much is refused at once. */
  readonly queuing?: { readonly queues: number; readonly handSize: number; readonly queueLengthLimit: number }
}

export type Refusal = 'concurrency-limit' | 'queue-full' | 'time-out' | 'cancelled'

interface Waiting {
  readonly admit: () => void
}

/** Cards of a deck of `queues`, dealt by the hash of the flow: the same hand each time. */
export function handOf(flow: string, queues: number, handSize: number): number[] {
  let hash = createHash('sha1').update(flow).digest().readUIntBE(0, 6)
  const hand: number[] = []
  for (let left = queues; left > Math.max(0, queues - handSize); left--) {
    let card = hash % left
    hash = Math.floor(hash / left)
    for (const dealt of [...hand].sort((a, b) => a - b)) if (dealt <= card) card++
    hand.push(card)
  }
  return hand
}

export class PriorityLevel {
  readonly #clock: Clock
  readonly #waitMs: number
  #limits: LevelLimits
  #queues: Waiting[][] = []
  /** The queue whose turn is next. */
  #turn = 0
  #executing = 0
  #waiting = 0

  constructor(limits: LevelLimits, options: { readonly clock: Clock; readonly waitMs: number }) {
    this.#clock = options.clock
    this.#waitMs = options.waitMs
    this.#limits = limits
    this.configure(limits)
  }

  get executing(): number {
    return this.#executing
  }

  get waiting(): number {
    return this.#waiting
  }

  get seats(): number {
    return this.#limits.seats
  }

  /** Who waits goes on waiting. */
  configure(limits: LevelLimits) {
    this.#limits = limits
    const queues = Array.from({ length: limits.queuing?.queues ?? 1 }, (): Waiting[] => [])
    for (const waiting of this.#queues.flat()) queues[this.#turn++ % queues.length]!.push(waiting)
    this.#queues = queues
    this.#turn = 0
    this.#dispatch()
  }

  /**
   * Undefined once the request may go on, and then `leave` must be called; else why it may not. `signal` is
   * only asked for when the request has to wait.
   */
  async enter(flow: string, signal: () => AbortSignal | undefined): Promise<Refusal | undefined> {
    if (this.#executing < this.#limits.seats && this.#waiting === 0) {
      this.#executing++
      return undefined
    }
    const { queuing } = this.#limits
    if (!queuing) return 'concurrency-limit'
    const hand = handOf(flow, queuing.queues, queuing.handSize).map(index => this.#queues[index]!)
    const queue = hand.reduce((shortest, each) => (each.length < shortest.length ? each : shortest))
    return queue.length >= queuing.queueLengthLimit ? 'queue-full' : this.#wait(queue, signal())
  }

  leave() {
    this.#executing--
    this.#dispatch()
  }

  #wait(queue: Waiting[], signal: AbortSignal | undefined): Promise<Refusal | undefined> {
    return new Promise(resolve => {
      const settle = (refusal: Refusal | undefined) => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        resolve(refusal)
      }
      const giveUp = (refusal: Refusal) => {
        const holder = this.#queues.find(each => each.includes(waiting))
        if (!holder) return
        holder.splice(holder.indexOf(waiting), 1)
        this.#waiting--
        settle(refusal)
      }
      const waiting: Waiting = { admit: () => settle(undefined) }
      const onAbort = () => giveUp('cancelled')
      const timer = this.#clock.after(this.#waitMs, () => giveUp('time-out'))
      signal?.addEventListener('abort', onAbort, { once: true })
      queue.push(waiting)
      this.#waiting++
      if (signal?.aborted) onAbort()
    })
  }

  #dispatch() {
    while (this.#waiting > 0 && this.#executing < this.#limits.seats) {
      const queue = this.#queues[this.#turn++ % this.#queues.length]!
      const next = queue.shift()
      if (!next) continue
      this.#waiting--
      this.#executing++
      next.admit()
    }
  }
}
