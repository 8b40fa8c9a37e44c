// What every Kubernetes object has. The typed kinds are derived from the API description
// (generated/types.ts).
import type { ObjectMeta } from './generated/types.ts'

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

export interface KubeList<T = KubeObject> {
  apiVersion: string
  kind: string
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number }
  items: T[]
}

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** `v1`, `apps/v1`. */
export const apiVersionOf = (gv: { readonly group: string; readonly version: string }) =>
  gv.group === '' ? gv.version : `${gv.group}/${gv.version}`

export function parseAPIVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}
