// The ServiceCIDRs, kept in step with the store.
import type { ServiceCIDR } from '../../api/generated/types.ts'
import type { Entry, StoreEvent } from '../../storage/store.ts'
import { serviceCIDRPrefix } from './keys.ts'
import { type FollowOptions, StoreFollower } from './storefollower.ts'

interface Known {
  readonly createRevision: number
  readonly object: ServiceCIDR
}

const known = ({ createRevision, value }: Pick<Entry, 'createRevision' | 'value'>): Known => ({
  createRevision,
  object: JSON.parse(value.toString()),
})

export class ServiceCIDRs {
  readonly prefix = serviceCIDRPrefix
  readonly #follower: StoreFollower
  readonly #onChange: (found: readonly ServiceCIDR[]) => void
  #known = new Map<string, Known>()

  constructor(options: FollowOptions, onChange: (found: readonly ServiceCIDR[]) => void) {
    this.#onChange = onChange
    this.#follower = new StoreFollower(options, this)
  }

  open(): Promise<void> {
    return this.#follower.open()
  }

  close(): void {
    this.#follower.close()
  }

  reset(entries: readonly Entry[]): void {
    this.#known = new Map(entries.map(entry => [entry.key, known(entry)]))
    this.#changed()
  }

  apply(events: readonly StoreEvent[]): void {
    for (const event of events) {
      if (event.type === 'delete') this.#known.delete(event.key)
      else this.#known.set(event.key, known(event))
    }
    this.#changed()
  }

  /** Oldest first. */
  #changed(): void {
    const all = [...this.#known.values()].sort((a, b) => a.createRevision - b.createRevision)
    this.#onChange(all.map(({ object }) => object))
  }
}
