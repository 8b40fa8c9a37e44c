// Brings a store to the state that every cluster starts from, in one write, and keeps the Service of the
// API server right while the server runs. On a store that has it all it only looks.
import type { ServiceCIDR } from '../api/generated/types.ts'
import type { KubeObject } from '../api/object.ts'
import type { Clock } from '../component/clock.ts'
import type { Component } from '../component/component.ts'
import type { Logger } from '../component/log.ts'
import { Periodic } from '../component/periodic.ts'
import { type Store, StoreError, type WriteOperation } from '../storage/store.ts'
import { serviceCIDRPrefix } from './allocation/keys.ts'
import {
  apiServerService,
  type ClusterFacts,
  foundation,
  isOtherSlice,
  type KeyedObject,
  otherSlicePrefix,
} from './bootstrapobjects.ts'
import { bootstrapFlows } from './fairness/bootstrapflows.ts'
import { bootstrapPolicy } from './rbac/bootstrappolicy.ts'
import type { ServerLeases } from './serverleases.ts'

export interface BootstrapOptions extends ClusterFacts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
}

/** As the registry stores objects: kind, apiVersion and metadata first. */
export const encodeObject = (object: KubeObject): Buffer => {
  const { kind, apiVersion, metadata, ...rest } = object
  return Buffer.from(JSON.stringify({ kind, apiVersion, metadata, ...rest }))
}

const decodeObject = (value: Buffer): KubeObject => JSON.parse(value.toString())

/** The configured ranges may gain a second family; other differences are the administrator's to settle. */
function mendServiceCIDR(current: KubeObject, options: BootstrapOptions): boolean {
  const { spec } = current as ServiceCIDR
  const found = spec?.cidrs ?? []
  const wanted = options.serviceRanges
  if (found.join() === wanted.join()) return false
  if (found.length === 1 && wanted.length === 2 && found[0] === wanted[0]) {
    spec!.cidrs = [...wanted]
    return true
  }
  options.log.warn(
    'the default ServiceCIDR does not match the configuration: configure the ranges it has, or delete it',
    { serviceCIDR: found.join(','), configured: wanted.join(',') },
  )
  return false
}

async function plan(
  options: BootstrapOptions,
  wanted: readonly (KeyedObject & { mend?(current: KubeObject): boolean })[],
): Promise<WriteOperation[]> {
  const { store } = options
  const found = await Promise.all(wanted.map(({ key }) => store.get(key)))
  const needless = options.servers?.length ? await needlessSlices(store, wanted) : []
  const operations = wanted.flatMap(({ key, object, mend }, index): WriteOperation[] => {
    const entry = found[index]
    if (!entry) return [{ type: 'create', key, value: encodeObject(object) }]
    if (!mend) return []
    const current = decodeObject(entry.value)
    if (!mend(current)) return []
    return [{ type: 'update', key, value: encodeObject(current), expectedRevision: entry.revision }]
  })
  return [...operations, ...needless]
}

/** Of ports at which no server listens any more. */
async function needlessSlices(store: Store, wanted: readonly KeyedObject[]): Promise<WriteOperation[]> {
  const { entries } = await store.list({ prefix: otherSlicePrefix })
  return entries
    .filter(({ key }) => isOtherSlice(key) && !wanted.some(other => other.key === key))
    .map(({ key, revision }) => ({ type: 'delete', key, expectedRevision: revision }))
}

/** Each time, another server of the same store was faster. */
const attempts = 20
const isRace = (error: unknown) =>
  error instanceof StoreError && ['KeyExists', 'NotFound', 'Conflict'].includes(error.code)

/** Another writer may be at the same: then look again. */
async function ensure(options: BootstrapOptions, wanted: () => ReturnType<typeof foundation>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const operations = await plan(options, wanted())
      if (operations.length > 0) await options.store.write(operations)
      return
    } catch (error) {
      if (!isRace(error) || attempt === attempts) throw error
    }
  }
}

function everything(options: BootstrapOptions) {
  const nowMs = options.clock.now()
  const base = foundation(options, nowMs).map(keyed =>
    keyed.key.startsWith(serviceCIDRPrefix)
      ? { ...keyed, mend: (current: KubeObject) => mendServiceCIDR(current, options) }
      : keyed,
  )
  return [
    ...base,
    ...apiServerService(options, nowMs),
    ...(options.rbac ? bootstrapPolicy(nowMs, options) : []),
    ...bootstrapFlows(nowMs),
  ]
}

/** Creates what is missing; resolves once it is durable. */
export const bootstrap = (options: BootstrapOptions): Promise<void> =>
  ensure(options, () => everything(options))

const intervalMs = 10_000

export interface APIServerServiceOptions extends BootstrapOptions {
  /** Of all servers on a store that several share. */
  readonly leases?: ServerLeases
}

/**
 * Puts the Service `kubernetes` and its endpoints right every ten seconds, and roles once, at the start, as
 * upstream does.
 */
export class APIServerService implements Component {
  readonly name = 'kubernetes-service'
  readonly #options: APIServerServiceOptions
  readonly #checks: Periodic
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: APIServerServiceOptions) {
    this.#options = options
    this.#checks = new Periodic({
      clock: options.clock,
      intervalMs,
      run: () => this.#run({ ...options, rbac: false }),
      onError: error =>
        options.log.warn('cannot check the Service of the API server', { error: String(error) }),
    })
  }

  async start(): Promise<void> {
    await this.#run(this.#options)
    this.#checks.start()
  }

  /** Other servers go on without this one from then on. */
  async stop(): Promise<void> {
    this.#checks.stop()
    const { leases, log } = this.#options
    if (this.#isStopped || !leases) return
    this.#isStopped = true
    try {
      await this.#running.catch(() => undefined)
      const servers = await leases.release()
      if (servers.length > 0) await bootstrap({ ...this.#options, servers, rbac: false })
    } catch (error) {
      log.warn('cannot take this server out of the Service of the API server', { error: String(error) })
    }
  }

  #run(options: BootstrapOptions): Promise<void> {
    this.#running = this.#check(options)
    return this.#running
  }

  async #check(options: BootstrapOptions): Promise<void> {
    const servers = await this.#options.leases?.renew()
    await bootstrap({ ...options, ...(servers ? { servers } : {}) })
  }
}
