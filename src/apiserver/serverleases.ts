// Which API servers share a store: each keeps a key that it writes again every ten seconds, and whose key
// does not change for longer is gone (upstream's lease endpoint reconciler and its masterleases,
// pkg/controlplane/reconcilers). A store of ours has no keys that expire by themselves, and the clocks of
// others may be wrong: what counts is how long one has seen no change.
import type { Clock, Timer } from '../component/clock.ts'
import { joinHostPort, splitHostPort } from '../ip/hostport.ts'
import { type Store, StoreError, type StoreEvent, type StoreWatch } from '../storage/store.ts'

export interface ServerAddress {
  readonly address: string
  readonly port: number
}

export const serverLeasePrefix = '/registry/masterleases/'
/** As upstream's; with a check every ten seconds, a server is missed for 15 to 25 s. */
export const leaseDurationMs = 15_000

interface Seen {
  readonly revision: number
  readonly atMs: number
}

const isRace = (error: unknown) =>
  error instanceof StoreError && ['KeyExists', 'NotFound', 'Conflict'].includes(error.code)

export class ServerLeases {
  readonly #store: Store
  readonly #clock: Clock
  readonly #own: string
  readonly #seen = new Map<string, Seen>()
  #renewals = 0
  #isReleased = false

  constructor(options: { readonly store: Store; readonly clock: Clock }, own: ServerAddress) {
    this.#store = options.store
    this.#clock = options.clock
    this.#own = serverLeasePrefix + joinHostPort(own.address, own.port)
  }

  /** Says that this server is there; resolves with all that are. */
  async renew(): Promise<readonly ServerAddress[]> {
    if (!this.#isReleased) await this.#write()
    return this.#living()
  }

  /** Says that this server goes; resolves with those that stay. */
  async release(): Promise<readonly ServerAddress[]> {
    this.#isReleased = true
    await this.#delete(this.#own, await this.#revisionOf(this.#own))
    return this.#living()
  }

  async #revisionOf(key: string): Promise<number | undefined> {
    return (await this.#store.get(key))?.revision
  }

  async #write(): Promise<void> {
    const key = this.#own
    const value = Buffer.from(JSON.stringify({ renewals: ++this.#renewals }))
    const expectedRevision = await this.#revisionOf(key)
    try {
      await this.#store.write([
        expectedRevision === undefined
          ? { type: 'create', key, value }
          : { type: 'update', key, value, expectedRevision },
      ])
    } catch (error) {
      // Somebody took it for dead just now: the next renewal writes it again.
      if (!isRace(error)) throw error
    }
  }

  async #living(): Promise<readonly ServerAddress[]> {
    const { entries } = await this.#store.list({ prefix: serverLeasePrefix })
    const nowMs = this.#clock.monotonic()
    const living: ServerAddress[] = []
    for (const { key, revision } of entries) {
      const address = addressIn(key)
      if (!address) continue
      const seen = this.#seen.get(key)
      if (seen?.revision !== revision) this.#seen.set(key, { revision, atMs: nowMs })
      const isAlive = key === this.#own || nowMs - (this.#seen.get(key)?.atMs ?? nowMs) < leaseDurationMs
      if (isAlive) living.push(address)
      else await this.#delete(key, revision)
    }
    for (const key of this.#seen.keys()) if (!entries.some(entry => entry.key === key)) this.#seen.delete(key)
    return living
  }

  async #delete(key: string, expectedRevision: number | undefined): Promise<void> {
    if (expectedRevision === undefined) return
    try {
      await this.#store.write([{ type: 'delete', key, expectedRevision }])
    } catch (error) {
      if (!isRace(error)) throw error
    }
  }
}

/** Undefined for the key of a kube-apiserver, which has no port: that one looks after its own. */
function addressIn(key: string): ServerAddress | undefined {
  const parts = splitHostPort(key.slice(serverLeasePrefix.length))
  return parts && { address: parts.host, port: Number(parts.port) }
}

/**
 * A server that says it is there before all of them must have, such as `[2001:db8::11]:6443`; undefined when
 * there are only traces of some that were killed, or none.
 */
export async function livingServer(store: Store, clock: Clock): Promise<string | undefined> {
  const prefix = serverLeasePrefix
  const { entries, revision } = await store.list({ prefix })
  if (entries.length === 0) return undefined
  let watch: StoreWatch | undefined
  let timer: Timer | undefined
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      timer = clock.after(leaseDurationMs, () => resolve(undefined))
      const onEvents = (events: readonly StoreEvent[]) => {
        const renewed = events.find(({ type }) => type !== 'delete')
        if (renewed) resolve(renewed.key.slice(prefix.length))
      }
      store.watch({ prefix, afterRevision: revision, onEvents, onEnd: reject }).then(opened => {
        watch = opened
      }, reject)
    })
  } finally {
    timer?.cancel()
    watch?.close()
  }
}
