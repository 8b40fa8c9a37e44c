// Subresources with a kind of their own (Scale, Binding, Eviction): what the HTTP side and the in-process
// transport call for them, in objects. Those that show the object itself (status, resize ...) go through
// Registry.update with their name instead.
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import type { Clock } from '../../component/clock.ts'
import type { Registry, RegistryLookup, RequestContext, Transform } from '../registry/registry.ts'
import type { ServiceAccountTokens } from '../tokens/serviceaccounttokens.ts'

export interface SubresourceCall {
  readonly context: RequestContext
  /** The resource that the subresource hangs on. */
  readonly registry: Registry
  readonly namespace: string
  readonly name: string
  readonly dryRun: boolean
}

/** Every method throws StatusError; one that is absent is answered with MethodNotAllowed. */
export interface SubresourceEndpoint {
  get?(call: SubresourceCall): Promise<KubeObject>
  /** `body` is decoded and belongs to the callee. */
  create?(call: SubresourceCall, body: KubeObject): Promise<KubeObject>
  /** PUT and PATCH, the transform as for Registry.update but on the subresource's own kind. */
  update?(
    call: SubresourceCall,
    options: { readonly transform: Transform; readonly isPatch?: boolean },
  ): Promise<KubeObject>
}

export interface SubresourceServices {
  readonly lookup: RegistryLookup
  readonly clock: Clock
  /** Absent: none are issued. */
  readonly tokens?: ServiceAccountTokens
}

export type SubresourceEndpointFactory = (services: SubresourceServices) => SubresourceEndpoint

/** undefined: there is no such subresource, or it shows the object itself. */
export type SubresourceLookup = (resource: Resource, subresource: string) => SubresourceEndpoint | undefined

/** A Status that says that all went well. */
export const success = (code: number): KubeObject => {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code }
  return status
}
