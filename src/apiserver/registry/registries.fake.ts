// Registries over a memory store with a few small resources, for tests.
import { vi } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { defineResource, type Resource } from '../../api/resource.ts'
import { FakeClock } from '../../component/clock.ts'
import { silentLogger } from '../../component/log.ts'
import { openMemoryStore } from '../../storage/memory.ts'
import type { Store } from '../../storage/store.ts'
import type { AdmissionPluginFactory } from '../admission/admission.ts'
import type { RegistryHooks } from './hooks.ts'
import { createRegistries } from './registries.ts'
import type { Bookmark, Registry, RequestContext, StoredEvent, WatchOptions } from './registry.ts'

export interface Thing extends KubeObject {
  spec?: { size?: number; node?: string; finalizers?: string[] }
  status?: { phase?: string }
  data?: Record<string, string>
}

const v1 = { group: '', version: 'v1' } as const

export const configMaps = defineResource<Thing>({
  ...v1,
  kind: 'ConfigMap',
  resource: 'configmaps',
  namespaced: true,
})
export const namespaces = defineResource<Thing>({
  ...v1,
  kind: 'Namespace',
  resource: 'namespaces',
  namespaced: false,
  hasStatus: true,
  prepareForCreate: namespace => {
    namespace.status = { phase: 'Active' }
    namespace.spec = { finalizers: ['kubernetes'] }
  },
  prepareForUpdate: (namespace, previous) => {
    if (previous.spec) namespace.spec = previous.spec
  },
})
export const things = defineResource<Thing>({
  group: 'apps',
  version: 'v1',
  kind: 'Thing',
  resource: 'things',
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  selectableFields: {
    'spec.node': thing => thing.spec?.node ?? '',
    'status.phase': thing => thing.status?.phase ?? '',
  },
  default: thing => {
    thing.spec ??= {}
    thing.spec.size ??= 1
  },
  validate: thing =>
    (thing.spec?.size ?? 0) < 0
      ? [{ reason: 'FieldValueInvalid', field: 'spec.size', message: 'Invalid value: -1: must be positive' }]
      : [],
})
export const pods = defineResource<
  KubeObject & { spec?: { nodeName?: string }; status?: { phase?: string } }
>({
  ...v1,
  kind: 'Pod',
  resource: 'pods',
  namespaced: true,
  hasStatus: true,
  selectableFields: { 'spec.nodeName': pod => pod.spec?.nodeName ?? '' },
  defaultGracePeriodSeconds: () => 30,
})

export const context: RequestContext = {
  user: { name: 'tester', groups: [] },
  warn: () => undefined,
}

export interface TestOptions {
  /** Default: an empty one in memory. */
  readonly store?: Store
  readonly resources?: readonly Resource[]
  readonly admission?: readonly AdmissionPluginFactory[]
  readonly hooks?: ReadonlyMap<string, RegistryHooks>
}

export async function openTestRegistries(options: TestOptions = {}) {
  const { store = openMemoryStore() } = options
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12, 0, 0, 500))
  const registries = createRegistries({
    store,
    clock,
    log: silentLogger,
    resources: options.resources ?? [namespaces, configMaps, pods, things],
    admission: options.admission ?? [],
    ...(options.hooks && { hooks: options.hooks }),
  })
  const registry = (resource: Resource): Registry =>
    registries.lookup(resource.group, resource.version, resource.resource)!
  return { store, clock, registries, registry, lookup: registries.lookup }
}

/** A watch whose events are collected, as `ADDED a`. */
export async function startWatch(registry: Registry, options: Partial<WatchOptions> = {}) {
  const events: (StoredEvent | Bookmark)[] = []
  const ends: unknown[] = []
  const onBatch = vi.fn()
  const watch = await registry.watch(context, {
    onEvents: batch => {
      onBatch()
      events.push(...batch)
    },
    onEnd: error => ends.push(error),
    ...options,
  })
  const seen = () =>
    events.map(event =>
      event.type === 'BOOKMARK'
        ? `BOOKMARK${event.initialEventsEnd ? ' end' : ''}`
        : `${event.type} ${event.stored.name}`,
    )
  return { watch, events, ends, seen, batches: () => onBatch.mock.calls.length }
}

/** Lets what was put off until the next turn happen. */
export const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve))

export const named = (name: string, more: Record<string, unknown> = {}): KubeObject => ({
  metadata: { name },
  ...more,
})
