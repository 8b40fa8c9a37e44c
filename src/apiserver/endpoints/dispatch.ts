// Which endpoint answers a resource request: by its verb, and for a subresource by its name.
import type { Resource, Verb } from '../../api/resource.ts'
import { badRequest } from '../../api/status.ts'
import { methodNotAllowed, noSuchPath } from '../reply.ts'
import type { RequestInfo } from '../requestinfo.ts'
import type { Endpoint } from './call.ts'
import { createObject } from './create.ts'
import { deleteObject } from './delete.ts'
import { deleteCollection } from './deletecollection.ts'
import { getObject } from './get.ts'
import { listObjects } from './list.ts'
import { patchObject } from './patch.ts'
import { updateObject } from './update.ts'

const endpoints: Readonly<Record<string, Endpoint>> = {
  get: getObject,
  list: listObjects,
  create: createObject,
  update: updateObject,
  patch: patchObject,
  delete: deleteObject,
  deletecollection: deleteCollection,
}

/** Only whole collections can be seen across namespaces. */
const acrossNamespaces: ReadonlySet<string> = new Set(['list', 'watch'])
const onCollections: ReadonlySet<string> = new Set(['create', 'list', 'watch', 'deletecollection'])

/** What no object can be called: its path would lead elsewhere (apimachinery pkg/api/validation/path). */
function checkSegment(name: string) {
  const why =
    name === '.' || name === '..' ? `may not be '${name}'` : name.includes('%') ? "may not contain '%'" : ''
  if (why !== '') throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${why}`)
}

/** Throws 404 where no such path exists and 405 where it exists but not for this method. */
export function checkPath(resource: Resource, info: RequestInfo, method: string) {
  const { namespace, verb, parts } = info
  const isProxy = info.subresource === 'proxy'
  if (parts.length > 3 && !isProxy) throw noSuchPath()
  if (!resource.namespaced && namespace !== '' && resource.resource !== 'namespaces') throw noSuchPath()
  if (resource.namespaced && namespace === '' && !acrossNamespaces.has(verb)) {
    throw info.parts.length > 1 ? noSuchPath() : methodNotAllowed()
  }
  if (!isProxy && (method === 'HEAD' || verb === '')) throw methodNotAllowed()
  // The old paths of watches (/api/v1/watch/pods) say so by themselves, whatever the method.
  if (verb === 'watch' && method !== 'GET') throw methodNotAllowed()
  if (parts[1]) checkSegment(parts[1])
  if (info.subresource !== '') return
  const named = parts.length > 1 && parts[1] !== ''
  if (verb !== 'watch' && named === onCollections.has(verb)) throw methodNotAllowed()
  if (!resource.verbs.includes(verb as Verb)) throw methodNotAllowed()
}

interface Door {
  readonly verbs: readonly string[]
}

/** Subresources that show and take the object itself: status, finalize, ephemeralcontainers ... */
function doorTo(resource: Resource, subresource: string): Door | undefined {
  const found = resource.subresources.find(({ name }) => name === subresource)
  if (found) return found.kind === resource.kind ? found : undefined
  return subresource === 'status' && resource.hasStatus ? { verbs: ['get', 'update', 'patch'] } : undefined
}

/** The endpoint of a verb on the object itself, also through a subresource that has the object's kind. */
export function endpointFor(resource: Resource, info: RequestInfo): Endpoint | undefined {
  if (info.subresource === '') return endpoints[info.verb]
  const door = doorTo(resource, info.subresource)
  if (!door) return undefined
  if (!door.verbs.includes(info.verb)) throw methodNotAllowed()
  return endpoints[info.verb]
}
