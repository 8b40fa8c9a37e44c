// Owner references: who an object belongs to, and which of its owners controls it (metav1.OwnerReference).
import type { OwnerReference } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import type { Resource } from '../resource.ts'

/** The one owner that manages the object, if it has one. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(owner => owner.controller)

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  owner.metadata.uid !== undefined && controllerOf(object)?.uid === owner.metadata.uid

/** The reference a controller puts into what it makes for `owner`. */
export const controllerReference = (resource: Resource, owner: KubeObject): OwnerReference => ({
  apiVersion: resource.apiVersion,
  kind: resource.kind,
  name: owner.metadata.name ?? '',
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})
