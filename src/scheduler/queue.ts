// Pods that wait for a node: those to be tried now (highest priority first), those that back off after a
// failure, and those that nothing but an event in the cluster can help (upstream's activeQ, backoffQ and
// unschedulablePods).
import type { Clock, Timer } from '../component/clock.ts'
import { Heap } from './heap.ts'
import type { PendingPod } from './podinfo.ts'

/** What happens in a cluster that may make room for a Pod. */
export type ClusterEvent =
  | 'NodeAdd'
  | 'NodeAllocatable'
  | 'NodeLabel'
  | 'NodeTaint'
  | 'PodDelete'
  | 'PodAdd'
  | 'PodUpdate'
  | 'NamespaceUpdate'

export interface QueuedPod {
  info: PendingPod
  /** When it came into the queue first. */
  readonly addedAt: number
  attempts: number
  /** The events that may help it; absent: any. */
  wakeOn?: ReadonlySet<ClusterEvent>
}

const initialBackoffMs = 1000
const maxBackoffMs = 10_000
const flushAfterMs = 5 * 60_000

interface Entry {
  readonly queued: QueuedPod
  place: 'active' | 'backoff' | 'unschedulable' | 'popped'
  /** When a back-off ends, or when it became unschedulable. */
  at: number
}

export class SchedulingQueue {
  readonly #clock: Clock
  readonly #onReady: () => void
  readonly #entries = new Map<string, Entry>()
  readonly #active = new Heap<Entry>((a, b) => {
    const difference = a.queued.info.priority - b.queued.info.priority
    return difference === 0 ? a.queued.addedAt < b.queued.addedAt : difference > 0
  })
  readonly #backoff = new Heap<Entry>((a, b) => a.at < b.at)
  readonly #unschedulable = new Set<Entry>()
  #timer: Timer | undefined
  #flushTimer: Timer | undefined
  #sequence = 0

  /** `onReady` is called when there is something to pop. */
  constructor(clock: Clock, onReady: () => void) {
    this.#clock = clock
    this.#onReady = onReady
  }

  get size(): number {
    return this.#entries.size
  }

  /** How many Pods wait in each of the three places. */
  get counts(): Readonly<Record<'active' | 'backoff' | 'unschedulable', number>> {
    const counts = { active: 0, backoff: 0, unschedulable: 0 }
    for (const { place } of this.#entries.values()) if (place !== 'popped') counts[place]++
    return counts
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  add(info: PendingPod): void {
    const known = this.#entries.get(info.key)
    if (known) {
      this.update(info)
      return
    }
    // A fraction keeps Pods of one millisecond in their order.
    this.#sequence = (this.#sequence + 1) % 1_000_000
    const queued = { info, addedAt: this.#clock.now() + this.#sequence / 1_000_000, attempts: 0 }
    const entry: Entry = { queued, place: 'active', at: 0 }
    this.#entries.set(info.key, entry)
    this.#activate(entry)
  }

  /** The Pod itself changed, which may make it schedulable. */
  update(info: PendingPod): void {
    const entry = this.#entries.get(info.key)
    if (!entry) return
    entry.queued.info = info
    if (entry.place === 'unschedulable') this.#move(entry)
  }

  remove(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#unschedulable.delete(entry)
  }

  /** The next Pod to try. It is no longer in the queue, unless `fail` puts it back. */
  pop(): QueuedPod | undefined {
    for (;;) {
      const entry = this.#active.pop()
      if (!entry) return undefined
      if (entry.place !== 'active' || this.#entries.get(entry.queued.info.key) !== entry) continue
      this.#entries.delete(entry.queued.info.key)
      entry.place = 'popped'
      entry.queued.attempts++
      return entry.queued
    }
  }

  /**
   * It could not be placed; `wakeOn` says which events may help, absent: an error, so it is tried again.
   */
  fail(queued: QueuedPod, wakeOn?: ReadonlySet<ClusterEvent>): void {
    if (this.#entries.has(queued.info.key)) return
    queued.wakeOn = wakeOn
    const entry: Entry = { queued, place: 'unschedulable', at: this.#clock.now() }
    this.#entries.set(queued.info.key, entry)
    if (!wakeOn) {
      this.#backOff(entry)
      return
    }
    this.#unschedulable.add(entry)
    this.#flushTimer ??= this.#clock.after(flushAfterMs / 10, () => this.#flush())
  }

  /** Something happened: Pods that it may help are tried again. */
  wake(event: ClusterEvent): void {
    for (const entry of this.#unschedulable) {
      if (entry.queued.wakeOn?.has(event) ?? true) this.#move(entry)
    }
  }

  close(): void {
    this.#timer?.cancel()
    this.#flushTimer?.cancel()
    this.#entries.clear()
    this.#unschedulable.clear()
  }

  #activate(entry: Entry): void {
    entry.place = 'active'
    this.#active.push(entry)
    this.#onReady()
  }

  /** To the active queue, or to the rest of its back-off. */
  #move(entry: Entry): void {
    this.#unschedulable.delete(entry)
    if (entry.at + this.#backoffMs(entry.queued) <= this.#clock.now()) this.#activate(entry)
    else this.#backOff(entry)
  }

  #backoffMs(queued: QueuedPod): number {
    return Math.min(initialBackoffMs * 2 ** Math.max(0, queued.attempts - 1), maxBackoffMs)
  }

  #backOff(entry: Entry): void {
    entry.place = 'backoff'
    entry.at += this.#backoffMs(entry.queued)
    this.#backoff.push(entry)
    this.#arm()
  }

  #arm(): void {
    const next = this.#backoff.peek()
    this.#timer?.cancel()
    this.#timer = undefined
    if (!next) return
    this.#timer = this.#clock.after(Math.max(0, next.at - this.#clock.now()), () => {
      const now = this.#clock.now()
      for (let entry = this.#backoff.peek(); entry && entry.at <= now; entry = this.#backoff.peek()) {
        this.#backoff.pop()
        const current = this.#entries.get(entry.queued.info.key) === entry
        if (current && entry.place === 'backoff') this.#activate(entry)
      }
      this.#arm()
    })
  }

  /** Nobody waits for ever because an event was missed. */
  #flush(): void {
    this.#flushTimer = undefined
    const before = this.#clock.now() - flushAfterMs
    for (const entry of this.#unschedulable) if (entry.at <= before) this.#move(entry)
    if (this.#unschedulable.size > 0)
      this.#flushTimer = this.#clock.after(flushAfterMs / 10, () => this.#flush())
  }
}
