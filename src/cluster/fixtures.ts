// The objects a test begins with: read from YAML or given as values, created or put in the place of what is
// there, with their status where they bring one.
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { resources } from '../api/resources/index.ts'
import { isAlreadyExists, isConflict } from '../api/status.ts'
import type { Client } from '../client/client.ts'

/** The documents of a YAML text, those of a List one by one. Throws for what is no object. */
export async function parseObjects(text: string): Promise<KubeObject[]> {
  const { loadAll } = await import('js-yaml')
  const documents: unknown[] = []
  loadAll(text, document => documents.push(document))
  return documents
    .filter(document => document !== null && document !== undefined)
    .flatMap(document => {
      const object = document as KubeObject & { readonly items?: KubeObject[] }
      return object.kind === 'List' ? (object.items ?? []) : [object]
    })
}

function resourceOf({ apiVersion, kind, metadata }: KubeObject): Resource {
  const resource = resources.find(known => known.apiVersion === apiVersion && known.kind === kind)
  if (resource) return resource
  const name = metadata?.name ? ` ${metadata.name}` : ''
  if (!kind || !apiVersion) {
    throw new Error(`Cannot apply an object${name}: no ${kind ? 'apiVersion' : 'kind'}, expected both`)
  }
  throw new Error(`Cannot apply ${kind}${name}: there is no ${kind} in ${apiVersion}`)
}

async function createOrReplace(client: Client, resource: Resource, object: KubeObject): Promise<KubeObject> {
  try {
    return await client.create(resource, object)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return onNewest(client, resource, object, resourceVersion =>
      client.update(resource, { ...object, metadata: { ...object.metadata, resourceVersion } }),
    )
  }
}

/** How often somebody else may be quicker. */
const attempts = 10

/** What a controller has just changed is overwritten too. */
async function onNewest(
  client: Client,
  resource: Resource,
  { metadata: { namespace, name = '' } }: KubeObject,
  write: (resourceVersion: string | undefined) => Promise<KubeObject>,
): Promise<KubeObject> {
  for (let attempt = 1; ; attempt++) {
    const current = await client.get(resource, { ...(namespace ? { namespace } : {}), name })
    try {
      return await write(current.metadata.resourceVersion)
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error
    }
  }
}

/**
 * Creates the object, or replaces it; resolves with it as it is then. What another cluster gave it
 * (resourceVersion, uid) is left out, so that objects may come from `kubectl get -o yaml`.
 */
export async function applyObject(client: Client, object: KubeObject): Promise<KubeObject> {
  const resource = resourceOf(object)
  const { resourceVersion: _, uid: __, ...given } = object.metadata ?? {}
  const metadata = resource.namespaced ? { namespace: 'default', ...given } : given
  const applied = await createOrReplace(client, resource, { ...object, metadata })
  const { status } = object as { readonly status?: unknown }
  if (!resource.hasStatus || status === undefined) return applied
  return onNewest(client, resource, applied, resourceVersion => {
    const metadata = { ...applied.metadata, resourceVersion }
    return client.updateStatus(resource, { ...applied, metadata, status } as KubeObject)
  })
}
