// Where objects live in the store: upstream's etcd layout (pkg/registry and kubeapiserver's special
// prefixes), so that what lies in an etcd means the same to both.
import type { ResourceDefinition } from '../../api/resource.ts'

type Located = Pick<ResourceDefinition, 'group' | 'resource' | 'storedAs'>

/** `group/resource` -> where it is, when that is not the plural. */
const special: Readonly<Record<string, string>> = {
  '/endpoints': 'services/endpoints',
  '/nodes': 'minions',
  '/replicationcontrollers': 'controllers',
  '/services': 'services/specs',
  'networking.k8s.io/ingresses': 'ingress',
}

/**
 * Groups whose servers in upstream are separate ones and put the group before the plural; custom resources
 * do too.
 */
const ownServer = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])
const isBuiltIn = (group: string) => !group.includes('.') || group.endsWith('.k8s.io')

/** `/registry/pods/`, `/registry/services/specs/`, `/registry/example.com/widgets/`. */
export function storagePrefix(resource: Located): string {
  const { group, resource: plural } = resource.storedAs ?? resource
  const place = special[`${group}/${plural}`]
  if (place) return `/registry/${place}/`
  return isBuiltIn(group) && !ownServer.has(group) ? `/registry/${plural}/` : `/registry/${group}/${plural}/`
}

/** `namespace` is empty for cluster-scoped objects. */
export function storageKey(resource: Located, namespace: string, name: string): string {
  return `${storagePrefix(resource)}${relativeKey(namespace, name)}`
}

/** A key without its resource's prefix; lists are in the order of these. */
export const relativeKey = (namespace: string, name: string) =>
  namespace === '' ? name : `${namespace}/${name}`
