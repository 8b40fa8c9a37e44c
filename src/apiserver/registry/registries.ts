// All registries over one store: built once per API server, looked up by group, version and plural.
import type { Resource } from '../../api/resource.ts'
import type { Clock } from '../../component/clock.ts'
import { KeyLocks } from '../../component/keylocks.ts'
import type { Logger } from '../../component/log.ts'
import type { Store } from '../../storage/store.ts'
import type { AdmissionPlugin, AdmissionPluginFactory, IPFamilyPolicy } from '../admission/admission.ts'
import { admissionPlugins } from '../admission/index.ts'
import { bindingEndpoint } from '../subresources/binding.ts'
import { createObject } from './create.ts'
import { deleteCollection, deleteObject } from './delete.ts'
import { Expiry } from './expiry.ts'
import { createFace } from './face.ts'
import type { RegistryHooks } from './hooks.ts'
import { storagePrefix } from './keys.ts'
import { getObject, listObjects } from './list.ts'
import { recentReads } from './recent.ts'
import type { Registry, RegistryLookup } from './registry.ts'
import type { RegistryScope } from './scope.ts'
import { Codec } from './stored.ts'
import { updateObject } from './update.ts'
import { type Answerer, createVirtualRegistry, reviews } from './virtual.ts'
import { watchObjects } from './watch.ts'
import { WatchCache } from './watchcache.ts'

export interface RegistriesOptions {
  readonly store: Store
  readonly resources: readonly Resource[]
  readonly clock: Clock
  readonly log: Logger
  /** By `group/resource`. */
  readonly hooks?: ReadonlyMap<string, RegistryHooks>
  /** In the order in which they run; default: upstream's. */
  readonly admission?: readonly AdmissionPluginFactory[]
  readonly defaultIPFamilyPolicy?: IPFamilyPolicy
  /** Made elsewhere: given what looks others up. */
  readonly others?: (lookup: RegistryLookup) => readonly Registry[]
  /** Makes what a registry tells its lists to. */
  readonly onList?: (resource: Resource) => NonNullable<RegistryScope['onList']>
  /** Besides the usual ones: kinds that are answered and not stored, by `group/resource`. */
  readonly answerers?: Readonly<Record<string, Answerer>>
}

export interface Registries {
  readonly lookup: RegistryLookup
  /** The same, for what the server decides by itself. */
  readonly recent: RegistryLookup
  readonly resources: readonly Resource[]
  readonly admission: readonly AdmissionPlugin[]
  /** How many objects of each resource are in memory; those that nobody has asked for are not there. */
  sizes(): readonly { readonly resource: Resource; readonly size: number }[]
  /** Ends all watches. The store stays open: it is the caller's. */
  close(): Promise<void>
}

const idOf = (group: string, version: string, resource: string) => `${group}/${version}/${resource}`

export function createRegistries(options: RegistriesOptions): Registries {
  const registries = new Map<string, Registry>()
  const scopes: RegistryScope[] = []
  const lookup: RegistryLookup = (group, version, resource) => registries.get(idOf(group, version, resource))
  const plugins: AdmissionPlugin[] = []
  const expiries: Expiry[] = []
  const answerers = { ...answerersFor(lookup, options.clock), ...options.answerers }
  for (const resource of options.resources.filter(({ storedAs }) => !storedAs)) {
    const answer = answerers[`${resource.group}/${resource.resource}`]
    if (answer) {
      const id = idOf(resource.group, resource.version, resource.resource)
      registries.set(id, createVirtualRegistry(resource, answer))
      continue
    }
    const scope = createScope(resource, options, plugins)
    scopes.push(scope)
    if (resource.group === '' && resource.resource === 'events') expiries.push(new Expiry(scope))
    registries.set(idOf(resource.group, resource.version, resource.resource), createRegistry(scope))
  }
  for (const resource of options.resources) {
    const { storedAs } = resource
    const stored = storedAs && lookup(storedAs.group, storedAs.version, storedAs.resource)
    if (!stored) continue
    registries.set(idOf(resource.group, resource.version, resource.resource), createFace(resource, stored))
  }
  const others = options.others?.(lookup) ?? []
  for (const registry of others) {
    const { group, version, resource } = registry.resource
    registries.set(idOf(group, version, resource), registry)
  }
  const { clock, admission = admissionPlugins, defaultIPFamilyPolicy } = options
  const recent = recentReads(lookup)
  const services = { lookup: recent, clock, ...(defaultIPFamilyPolicy ? { defaultIPFamilyPolicy } : {}) }
  plugins.push(...admission.map(create => create(services)))
  return {
    lookup,
    recent,
    resources: [...options.resources, ...others.map(({ resource }) => resource)],
    admission: plugins,
    sizes: () =>
      scopes
        .filter(({ cache }) => cache.isLoaded)
        .map(({ resource, cache }) => ({ resource, size: cache.size })),
    async close() {
      for (const expiry of expiries) expiry.close()
      await Promise.all(scopes.map(scope => closeScope(scope)))
    },
  }
}

/** Kinds that are answered and not stored, by `group/resource`. */
function answerersFor(lookup: RegistryLookup, clock: Clock): Readonly<Record<string, Answerer>> {
  const { create: bind } = bindingEndpoint({ lookup, clock })
  return {
    ...reviews,
    '/bindings': (object, { context, namespace, dryRun }) => {
      const registry = lookup('', 'v1', 'pods')!
      return bind!({ context, registry, namespace, name: object.metadata.name ?? '', dryRun }, object)
    },
  }
}

function createScope(
  resource: Resource,
  options: RegistriesOptions,
  admission: readonly AdmissionPlugin[],
): RegistryScope {
  const { store, clock, log } = options
  const prefix = storagePrefix(resource)
  const codec = new Codec(resource)
  const watches: RegistryScope['watches'] = new Set()
  const cache = new WatchCache({
    store,
    prefix,
    codec,
    onLost: error => {
      if (error.code !== 'Closed') {
        log.warn('lost the watch on the store', { resource: resource.resource, error: error.message })
      }
      for (const watch of [...watches]) watch.end()
    },
  })
  const hooks = options.hooks?.get(`${resource.group}/${resource.resource}`) ?? {}
  return {
    resource,
    store,
    prefix,
    codec,
    cache,
    watches,
    locks: new KeyLocks(),
    clock,
    log,
    hooks,
    admission,
    onList: options.onList?.(resource),
  }
}

function createRegistry(scope: RegistryScope): Registry {
  return {
    resource: scope.resource,
    get: (_context, namespace, name, options) => getObject(scope, { namespace, name }, options),
    list: (_context, options) => listObjects(scope, options),
    watch: (_context, options) => watchObjects(scope, options),
    create: (context, object, options) => createObject(scope, { context, object }, options),
    update: (context, target, options) => updateObject(scope, { context, target }, options),
    delete: (context, target, options) => deleteObject(scope, { context, target, options }),
    deleteCollection: (context, options) => deleteCollection(scope, context, options),
  }
}

async function closeScope({ watches, cache }: RegistryScope): Promise<void> {
  for (const watch of [...watches]) watch.end()
  await cache.close()
}
