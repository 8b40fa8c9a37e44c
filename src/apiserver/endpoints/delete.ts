// DELETE of one object. What is gone is answered with a Status naming its uid, or for some kinds with the
// object itself; what stays for its grace period or finalizers is answered with the object.
import type { Resource } from '../../api/resource.ts'
import { type Endpoint, targetOf } from './call.ts'
import { deleteOptionsOf } from './options.ts'

/** Kinds whose deletion answers with the deleted object: those with ReturnDeletedObject upstream. */
const answersWithObject: ReadonlySet<string> = new Set([
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
])

const qualifiedName = ({ group, resource }: Resource) => (group === '' ? resource : `${resource}.${group}`)

export const deleteObject: Endpoint = async call => {
  const { resource, registry, context } = call
  const options = await deleteOptionsOf(call)
  const { stored, finished } = await registry.delete(context, targetOf(call), options)
  // Accepted only for who asked for a cascade by the old field; others rely on 200.
  if (!finished) {
    return { type: 'stored', status: options.orphanDependents === false ? 202 : 200, stored }
  }
  if (answersWithObject.has(qualifiedName(resource))) return { type: 'stored', status: 200, stored }
  const details = {
    name: stored.name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.resource,
    uid: stored.uid,
  }
  const value = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
  return { type: 'value', status: 200, value }
}
