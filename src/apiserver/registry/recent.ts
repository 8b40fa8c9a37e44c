// Reads for what the server itself decides by (admission, roles, tokens): from memory, as upstream's plugins
// read from informers, instead of asking a store far away several times for each request. What memory does
// not have is asked for; what is written here is there before the writer has its answer.
import { isNotFound } from '../../api/status.ts'
import type { Registry, RegistryLookup } from './registry.ts'

/** Any state that is not older than nothing. */
const resourceVersion = '0'

function recentRegistry(registry: Registry): Registry {
  return {
    ...registry,
    async get(context, namespace, name, options) {
      try {
        return await registry.get(context, namespace, name, { resourceVersion, ...options })
      } catch (error) {
        if (!isNotFound(error)) throw error
        return registry.get(context, namespace, name, options)
      }
    },
    // Whoever asks for a page asks the store.
    list: (context, options) =>
      registry.list(context, options.limit ? options : { resourceVersion, ...options }),
  }
}

/** Finds the same registries, whose reads may be a moment behind what other servers write. */
export function recentReads(lookup: RegistryLookup): RegistryLookup {
  const known = new WeakMap<Registry, Registry>()
  return (...of) => {
    const registry = lookup(...of)
    if (!registry) return undefined
    const recent = known.get(registry) ?? recentRegistry(registry)
    known.set(registry, recent)
    return recent
  }
}
