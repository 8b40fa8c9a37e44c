// get and list. The newest state and states "not older than" come from the watch cache, pages and states of
// the past from the store; the rules are those of upstream's "Resource versions" page and
// pkg/storage/cacher.
import { badRequest, notFound } from '../../api/status.ts'
import { StoreError } from '../../storage/store.ts'
import { expired, tooLargeResourceVersion, toStatusError } from './errors.ts'
import { relativeKey } from './keys.ts'
import {
  type ContinueToken,
  checkListOptions,
  formatContinue,
  parseContinue,
  parseResourceVersion,
} from './listoptions.ts'
import type { GetOptions, ListOptions, StoredList, StoredObject } from './registry.ts'
import type { RegistryScope } from './scope.ts'
import { compileSelection, type Selection } from './selection.ts'
import type { Stored } from './stored.ts'

/** How long a read waits for a revision that is not there yet. */
const freshnessWaitMs = 3_000
const freshnessPollMs = 50

export async function getObject(
  scope: RegistryScope,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  options?: GetOptions,
): Promise<StoredObject> {
  const { cache, resource } = scope
  const revision = parseResourceVersion(options?.resourceVersion)
  await (revision === undefined ? refresh(scope, 'get') : refreshTo(scope, revision, 'get'))
  const found = cache.get(resource.namespaced ? namespace : '', name)
  if (!found) throw notFound(resource, name)
  return found
}

/** Everything written so far is in the cache when this resolves; the revision that it shows. */
export async function refresh(scope: RegistryScope, verb: string): Promise<number> {
  try {
    return await scope.cache.current()
  } catch (error) {
    throw toStatusError(error, { resource: scope.resource, name: '', verb })
  }
}

/** The objects are in memory when this resolves. */
export async function load(scope: RegistryScope, verb: string): Promise<void> {
  if (scope.cache.isLoaded) return
  try {
    await scope.cache.load()
  } catch (error) {
    throw toStatusError(error, { resource: scope.resource, name: '', verb })
  }
}

/**
 * What is in memory will do when it is not older than the revision; else waits a little for it, as another
 * server may just be writing it.
 */
export async function refreshTo(scope: RegistryScope, revision: number, verb: string): Promise<void> {
  await load(scope, verb)
  if (scope.cache.revision >= revision) return
  const end = scope.clock.monotonic() + freshnessWaitMs
  for (;;) {
    const current = await refresh(scope, verb)
    if (current >= revision) return
    if (scope.clock.monotonic() >= end) throw tooLargeResourceVersion(revision, current)
    await scope.clock.sleep(freshnessPollMs)
  }
}

export async function listObjects(scope: RegistryScope, options: ListOptions): Promise<StoredList> {
  checkListOptions(options)
  const selection = compileSelection(scope.resource, options)
  const revision = parseResourceVersion(options.resourceVersion)
  const limit = options.limit && options.limit > 0 ? options.limit : undefined
  if (options.continue) {
    const token = parseContinue(options.continue)
    if (options.resourceVersion && options.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue')
    }
    return continueList(scope, { selection, limit, token })
  }
  const { resourceVersionMatch: match = '' } = options
  const isExact = match === 'Exact' || (limit !== undefined && match === '')
  if (revision && isExact) {
    await refreshTo(scope, revision, 'list')
    return await listAt(scope, { selection, limit, revision, after: undefined }).catch(error => {
      throw toStatusError(error, { resource: scope.resource, name: '', verb: 'list' })
    })
  }
  if (revision === undefined) await refresh(scope, 'list')
  else await refreshTo(scope, revision, 'list')
  // Upstream's watch cache answers "any version" without pages.
  return listNow(scope, { selection, limit: revision === 0 ? undefined : limit, after: undefined })
}

interface Page {
  readonly selection: Selection
  readonly limit: number | undefined
  /** Only keys after this one, without the resource's prefix. */
  readonly after: string | undefined
}

const resourceVersionOf = (revision: number) => String(revision)

/** All objects that a selection may find, in order. */
export function candidates(scope: RegistryScope, { namespace, name }: Selection): readonly Stored[] {
  const { cache, resource } = scope
  if (name === undefined || (resource.namespaced && namespace === undefined)) return cache.list(namespace)
  const found = cache.get(resource.namespaced ? namespace! : '', name)
  return found ? [found] : []
}

/** From the cache, as it is at this moment. */
function listNow(scope: RegistryScope, page: Page): StoredList {
  const { selection, after } = page
  const revision = scope.cache.revision
  const all = candidates(scope, selection)
  const from = after === undefined ? 0 : firstAfter(all, after)
  const { selects } = selection
  const list =
    page.limit === undefined
      ? whole(from === 0 ? all : all.slice(from), selects, revision)
      : cut(all, { from, limit: page.limit, selects, revision })
  scope.onList?.(all.length - from, list.items.length)
  return list
}

const whole = (all: readonly Stored[], selects: Selection['selects'], revision: number): StoredList => ({
  items: selects ? all.filter(selects) : all,
  resourceVersion: resourceVersionOf(revision),
})

interface Cut {
  readonly from: number
  readonly limit: number
  readonly selects: Selection['selects']
  readonly revision: number
}

/** One page out of the whole. */
function cut(all: readonly Stored[], { from, limit, selects, revision }: Cut): StoredList {
  const items: Stored[] = []
  let at = from
  for (; at < all.length; at++) {
    const stored = all[at]!
    if (selects && !selects(stored)) continue
    if (items.length === limit) break
    items.push(stored)
  }
  const resourceVersion = resourceVersionOf(revision)
  if (at >= all.length) return { items, resourceVersion }
  const last = items[items.length - 1]!
  return {
    items,
    resourceVersion,
    continue: formatContinue({ revision, after: relativeKey(last.namespace, last.name) }),
    ...(selects ? {} : { remainingItemCount: all.length - at }),
  }
}

/** Index of the first object whose key comes after `after`. */
function firstAfter(all: readonly Stored[], after: string): number {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const { namespace, name } = all[middle]!
    if (relativeKey(namespace, name) <= after) low = middle + 1
    else high = middle
  }
  return low
}

const continueExpiredText =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.'

async function continueList(
  scope: RegistryScope,
  options: { selection: Selection; limit: number | undefined; token: ContinueToken },
): Promise<StoredList> {
  const { selection, limit, token } = options
  await refresh(scope, 'list')
  if (token.revision === -1) return listNow(scope, { selection, limit, after: token.after })
  try {
    return await listAt(scope, { selection, limit, after: token.after, revision: token.revision })
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'Compacted') {
      throw toStatusError(error, { resource: scope.resource, name: '', verb: 'list' })
    }
    throw expired(continueExpiredText, formatContinue({ ...token, revision: -1 }))
  }
}

/** As of a revision: from the cache when nothing has changed since, else from the store's history. */
async function listAt(scope: RegistryScope, page: Page & { readonly revision: number }): Promise<StoredList> {
  const { selection, after, revision } = page
  const { cache, store, codec, prefix } = scope
  if (cache.lastChange <= revision) {
    const list = listNow(scope, page)
    const token = list.continue === undefined ? undefined : parseContinue(list.continue)
    return {
      ...list,
      resourceVersion: resourceVersionOf(revision),
      ...(token && { continue: formatContinue({ ...token, revision }) }),
    }
  }
  const { namespace, selects } = selection
  const within = namespace === undefined ? prefix : `${prefix}${namespace}/`
  const start = after === undefined ? {} : { after: prefix + after }
  const pageSize = selects || page.limit === undefined ? {} : { limit: page.limit }
  const { entries, remaining } = await store.list({ prefix: within, revision, ...start, ...pageSize })
  const all = entries.map(entry => codec.decode(entry.value, entry.revision))
  if (selects && page.limit !== undefined) return cut(all, { from: 0, limit: page.limit, selects, revision })
  const items = selects ? all.filter(selects) : all
  const resourceVersion = resourceVersionOf(revision)
  const last = items[items.length - 1]
  if (remaining === 0 || !last) return { items, resourceVersion }
  const token = formatContinue({ revision, after: relativeKey(last.namespace, last.name) })
  return { items, resourceVersion, continue: token, remainingItemCount: remaining }
}
