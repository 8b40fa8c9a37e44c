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
 * The groups of kube-apiserver itself. Those whose servers in upstream are separate ones, as of apiextensions
 * and of apiregistration, put the group before the plural, and so do custom resources.
 */
const builtIn = new Set(
  [
    'admissionregistration',
    'authentication',
    'authorization',
    'certificates',
    'coordination',
    'discovery',
    'events',
    'flowcontrol.apiserver',
    'internal.apiserver',
    'networking',
    'node',
    'policy',
    'rbac.authorization',
    'resource',
    'scheduling',
    'storage',
    'storagemigration',
  ].map(name => `${name}.k8s.io`),
)
const isBuiltIn = (group: string) => !group.includes('.') || builtIn.has(group)

/** `/registry/pods/`, `/registry/services/specs/`, `/registry/example.com/widgets/`. */
export function storagePrefix(resource: Located): string {
  const { group, resource: plural } = resource.storedAs ?? resource
  const place = special[`${group}/${plural}`]
  if (place) return `/registry/${place}/`
  return isBuiltIn(group) ? `/registry/${plural}/` : `/registry/${group}/${plural}/`
}

export interface ResourceOfKey {
  readonly group: string
  readonly resource: string
}

/** Whose keys begin so; undefined for what belongs to no resource. */
export function resourcesByPrefix(resources: readonly Located[]): (key: string) => ResourceOfKey | undefined {
  const byPrefix = new Map<string, ResourceOfKey>(
    resources
      .filter(({ storedAs }) => !storedAs)
      .map(resource => [storagePrefix(resource), { group: resource.group, resource: resource.resource }]),
  )
  return key => {
    const second = key.indexOf('/', '/registry/'.length)
    const found = byPrefix.get(key.slice(0, second + 1))
    return found ?? byPrefix.get(key.slice(0, key.indexOf('/', second + 1) + 1))
  }
}

/** `namespace` is empty for cluster-scoped objects. */
export function storageKey(resource: Located, namespace: string, name: string): string {
  return `${storagePrefix(resource)}${relativeKey(namespace, name)}`
}

/** A key without its resource's prefix; lists are in the order of these. */
export const relativeKey = (namespace: string, name: string) =>
  namespace === '' ? name : `${namespace}/${name}`
