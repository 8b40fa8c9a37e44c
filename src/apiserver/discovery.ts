// What clients learn the API's resources from: /api, /apis and their group versions, plain and aggregated
// (KEP-3352). Everything follows from the list of resources; answers are encoded once.
import { createHash } from 'node:crypto'
import { apiVersionOf } from '../api/object.ts'
import type { Resource, Subresource } from '../api/resource.ts'
import { unspecifiedAddress } from '../ip/family.ts'

export interface DiscoveryDocument {
  readonly bytes: Buffer
  /** Quoted, for `ETag` and `If-None-Match`. */
  readonly etag: string
}

export type AggregatedVersion = 'v2' | 'v2beta1'

export interface Discovery {
  /** /api for a client that reaches the server at `serverAddress` (host and port). */
  legacy(serverAddress: string): DiscoveryDocument
  /** /apis */
  groups(): DiscoveryDocument
  /** /apis/GROUP, undefined when there is none. */
  group(group: string): DiscoveryDocument | undefined
  /** /api/v1, /apis/GROUP/VERSION, undefined when there is none. */
  resources(group: string, version: string): DiscoveryDocument | undefined
  /** /api or /apis for clients that accept APIGroupDiscoveryList. */
  aggregated(root: 'api' | 'apis', version: AggregatedVersion): DiscoveryDocument
}

function document(value: unknown): DiscoveryDocument {
  const bytes = Buffer.from(JSON.stringify(value))
  const hash = createHash('sha512').update(bytes).digest('hex').toUpperCase()
  return { bytes, etag: `"${hash}"` }
}

const unique = <T>(items: readonly T[]) => [...new Set(items)]

/** As upstream computes it: clients compare it to see whether two resources are stored as one. */
function storageVersionHash(resource: Resource): string {
  const { group, version } = resource.storedAs ?? resource
  const digest = createHash('sha256').update(`${group}/${version}/${resource.kind}`).digest()
  return digest.subarray(0, 8).toString('base64')
}

const status = (resource: Resource): Subresource => ({
  name: 'status',
  kind: resource.kind,
  verbs: ['get', 'patch', 'update'],
})

/** `status` first among them would be out of order: clients are given them by name. */
function subresourcesOf(resource: Resource): readonly Subresource[] {
  const all = [...(resource.hasStatus ? [status(resource)] : []), ...resource.subresources]
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const isForeign = (resource: Resource, { group, version }: Subresource) =>
  (group !== undefined && group !== resource.group) || (version !== undefined && version !== resource.version)

function apiResources(resource: Resource) {
  const { namespaced, shortNames, categories } = resource
  const own = {
    name: resource.resource,
    singularName: resource.singular,
    namespaced,
    kind: resource.kind,
    verbs: [...resource.verbs].sort(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(resource.verbs.includes('list') && resource.verbs.includes('create')
      ? { storageVersionHash: storageVersionHash(resource) }
      : {}),
  }
  const beneath = subresourcesOf(resource).map(subresource => ({
    name: `${resource.resource}/${subresource.name}`,
    singularName: '',
    namespaced,
    ...(isForeign(resource, subresource)
      ? { group: subresource.group ?? resource.group, version: subresource.version ?? resource.version }
      : {}),
    kind: subresource.kind,
    verbs: [...subresource.verbs].sort(),
  }))
  return [own, ...beneath]
}

function responseKind(resource: Resource, subresource?: Subresource) {
  if (!subresource || !isForeign(resource, subresource)) {
    return { group: '', version: '', kind: subresource?.kind ?? resource.kind }
  }
  return {
    group: subresource.group ?? resource.group,
    version: subresource.version ?? resource.version,
    kind: subresource.kind,
  }
}

function aggregatedResource(resource: Resource) {
  const { shortNames, categories } = resource
  const subresources = subresourcesOf(resource).map(subresource => ({
    subresource: subresource.name,
    responseKind: responseKind(resource, subresource),
    verbs: [...subresource.verbs].sort(),
  }))
  return {
    resource: resource.resource,
    responseKind: responseKind(resource),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: [...resource.verbs].sort(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  }
}

/** The served versions of a group, the preferred one first, as the list of resources has them. */
const versionsOf = (resources: readonly Resource[], group: string) =>
  unique(resources.filter(resource => resource.group === group).map(resource => resource.version))

function apiGroup(resources: readonly Resource[], name: string) {
  const versions = versionsOf(resources, name).map(version => ({
    groupVersion: apiVersionOf({ group: name, version }),
    version,
  }))
  return { name, versions, preferredVersion: versions[0] }
}

const byPlural = (a: Resource, b: Resource) => (a.resource < b.resource ? -1 : 1)

function aggregatedGroup(resources: readonly Resource[], group: string) {
  return {
    metadata: { name: group, creationTimestamp: null },
    versions: versionsOf(resources, group).map(version => ({
      version,
      resources: resources
        .filter(resource => resource.group === group && resource.version === version)
        .sort(byPlural)
        .map(aggregatedResource),
      freshness: 'Current',
    })),
  }
}

function resourceList(resources: readonly Resource[], group: string, version: string) {
  const found = resources.filter(resource => resource.group === group && resource.version === version)
  if (found.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: found.sort(byPlural).flatMap(apiResources),
  }
}

/** The discovery of these resources, whose groups are answered in the order of their first resource. */
export function createDiscovery(resources: readonly Resource[]): Discovery {
  const known = new Map<string, DiscoveryDocument | undefined>()
  const once = (key: string, make: () => unknown) => {
    if (!known.has(key)) {
      const value = make()
      known.set(key, value === undefined ? undefined : document(value))
    }
    return known.get(key)
  }
  const named = unique(resources.map(resource => resource.group)).filter(group => group !== '')
  return {
    legacy: serverAddress =>
      document({
        kind: 'APIVersions',
        versions: versionsOf(resources, ''),
        serverAddressByClientCIDRs: [{ clientCIDR: `${unspecifiedAddress.IPv4}/0`, serverAddress }],
      }),
    groups: () =>
      once('groups', () => ({
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: named.map(group => apiGroup(resources, group)),
      }))!,
    group: group =>
      once(`group ${group}`, () =>
        named.includes(group)
          ? { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(resources, group) }
          : undefined,
      ),
    resources: (group, version) =>
      once(`resources ${group}/${version}`, () => resourceList(resources, group, version)),
    aggregated: (root, version) =>
      once(`${root} ${version}`, () => ({
        kind: 'APIGroupDiscoveryList',
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: (root === 'api' ? [''] : named).map(group => aggregatedGroup(resources, group)),
      }))!,
  }
}
