// A registry of Services in a few lines, for the tests of allocation alone: defaults, hooks, validation,
// one write; begun again when the store refuses one of the hooks' operations.
import { invalid } from '../../api/fields.ts'
import type { IPAddress, Service, ServiceSpec } from '../../api/generated/types.ts'
import { services } from '../../api/resources/core/service.ts'
import { StatusError } from '../../api/status.ts'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { familyOfCIDR } from '../../ip/family.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import { type Store, StoreError, type WriteOperation } from '../../storage/store.ts'
import { bootstrap, encodeObject } from '../bootstrap.ts'
import type { PendingWrite } from '../registry/hooks.ts'
import { nodePortPrefix, servicePrefix } from './keys.ts'
import {
  openServiceAllocator,
  type ServiceAllocator,
  type ServiceAllocatorOptions,
} from './serviceallocator.ts'

export const rangesOf = { IPv4: '10.96.0.0/16', IPv6: 'fd00:10:96::/112' } as const
const advertised = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' } as const

export interface FakeServicesOptions extends Partial<ServiceAllocatorOptions> {
  /** Default: both, IPv4 first. */
  readonly ranges?: readonly string[]
}

export class FakeServices {
  readonly store: Store
  readonly allocator: ServiceAllocator
  readonly clock: FakeClock

  constructor(store: Store, allocator: ServiceAllocator, clock: FakeClock) {
    this.store = store
    this.allocator = allocator
    this.clock = clock
  }

  async create(name: string, spec: ServiceSpec, options = { dryRun: false }): Promise<Service> {
    const key = `${servicePrefix}default/${name}`
    return this.#attempt(async () => {
      const service: Service = {
        kind: 'Service',
        apiVersion: 'v1',
        metadata: { name, namespace: 'default' },
        spec: structuredClone(spec),
      }
      services.default!(service)
      services.prepareForCreate!(service)
      const pending = await this.allocator.beginCreate(service, options)
      const check = () => services.validate!(service)
      return this.#write(service, { pending, check, options, operation: 'create', key })
    })
  }

  /** Replaces the spec. */
  async update(name: string, spec: ServiceSpec, options = { dryRun: false }): Promise<Service> {
    const key = `${servicePrefix}default/${name}`
    return this.#attempt(async () => {
      const entry = (await this.store.get(key))!
      const previous: Service = JSON.parse(entry.value.toString())
      const service: Service = { ...structuredClone(previous), spec: structuredClone(spec) }
      services.default!(service)
      const pending = await this.allocator.beginUpdate(service, previous, options)
      const check = () => services.validateUpdate!(service, previous)
      return this.#write(service, {
        pending,
        check,
        options,
        operation: 'update',
        key,
        expectedRevision: entry.revision,
      })
    })
  }

  async delete(name: string): Promise<void> {
    const entry = (await this.store.get(`${servicePrefix}default/${name}`))!
    const pending = await this.allocator.beginDelete(JSON.parse(entry.value.toString()), { dryRun: false })
    await this.store.write([
      { type: 'delete', key: entry.key, expectedRevision: entry.revision },
      ...pending.operations,
    ])
    pending.commit()
  }

  async ipAddresses(): Promise<IPAddress[]> {
    const { entries } = await this.store.list({ prefix: '/registry/ipaddresses/' })
    return entries.map(({ value }) => JSON.parse(value.toString()))
  }

  async nodePorts(): Promise<number[]> {
    const { entries } = await this.store.list({ prefix: nodePortPrefix })
    return entries.map(({ key }) => Number(key.slice(nodePortPrefix.length)))
  }

  close(): void {
    this.allocator.close()
  }

  async #attempt(work: () => Promise<Service>): Promise<Service> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof StoreError) || attempt === 5) throw error
      }
    }
  }

  async #write(
    service: Service,
    write: {
      readonly pending: PendingWrite
      readonly check: () => ReturnType<NonNullable<typeof services.validate>>
      readonly options: { readonly dryRun: boolean }
      readonly operation: 'create' | 'update'
      readonly key: string
      readonly expectedRevision?: number
    },
  ): Promise<Service> {
    const { pending, key, expectedRevision = 0 } = write
    const errors = write.check()
    if (errors.length > 0) {
      pending.abort()
      throw invalid({ group: '', resource: 'services', kind: 'Service' }, service.metadata.name!, errors)
    }
    if (write.options.dryRun) return service
    const value = encodeObject(service)
    const own: WriteOperation =
      write.operation === 'create'
        ? { type: 'create', key, value }
        : { type: 'update', key, value, expectedRevision }
    try {
      await this.store.write([own, ...pending.operations])
    } catch (error) {
      pending.abort()
      throw error
    }
    pending.commit()
    return service
  }
}

/** A cluster's Services with its default objects; close it. */
export async function openFakeServices(options: FakeServicesOptions = {}): Promise<FakeServices> {
  const clock = new FakeClock()
  const store = options.store ?? openMemoryStore()
  const ranges = options.ranges ?? [rangesOf.IPv4, rangesOf.IPv6]
  const families = ranges.map(range => familyOfCIDR(range)!)
  const common = { store, clock, log: silentLogger }
  await bootstrap({
    ...common,
    serviceRanges: ranges,
    advertiseAddress: advertised[families[0]!],
    securePort: 6443,
  })
  const allocator = await openServiceAllocator({ ...common, families, ...options })
  return new FakeServices(store, allocator, clock)
}

/** What the server answers to work that it refuses: code and message. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`
    throw error
  }
  return 'it was accepted'
}
