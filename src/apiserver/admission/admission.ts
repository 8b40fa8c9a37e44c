// What stands between a decoded request and its write: an ordered list of plugins that complete objects
// (admit) and then judge them (validate), as upstream's admission chain (k8s.io/apiserver pkg/admission).
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { forbidden } from '../../api/status.ts'
import type { Clock } from '../../component/clock.ts'
import type { RegistryLookup, RequestContext } from '../registry/registry.ts'

export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: Resource
  /** Empty for the resource itself. */
  readonly subresource: string
  /** Empty for cluster-scoped resources. */
  readonly namespace: string
  /** Empty when the name is yet to be generated, and for a collection. */
  readonly name: string
  /** `admit` may change it in place. Absent on DELETE. */
  readonly object: KubeObject | undefined
  /** Shared, never change it. Absent on CREATE. */
  readonly oldObject: KubeObject | undefined
  readonly dryRun: boolean
  readonly context: RequestContext
}

/** Both methods throw a StatusError to refuse the request. */
export interface AdmissionPlugin {
  /** As upstream's `--enable-admission-plugins` calls it. */
  readonly name: string
  admit?(attributes: AdmissionAttributes): Promise<void> | undefined
  validate?(attributes: AdmissionAttributes): Promise<void> | undefined
}

export type IPFamilyPolicy = 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'

export interface AdmissionServices {
  /** For Services that say nothing about families; absent: upstream's default. */
  readonly defaultIPFamilyPolicy?: IPFamilyPolicy
  readonly lookup: RegistryLookup
  readonly clock: Clock
}

/** A plugin before it has met the registries that it looks things up in. */
export type AdmissionPluginFactory = (services: AdmissionServices) => AdmissionPlugin

/** Plugins that have nothing to say answer without a promise, and cost next to nothing. */
export async function admit(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes) {
  for (const plugin of plugins) {
    const pending = plugin.admit?.(attributes)
    if (pending) await pending
  }
}

export async function validateAdmission(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
) {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(attributes)
    if (pending) await pending
  }
}

/** A refusal that names the object, if only by its generateName. */
export function refusal({ resource, name, object }: AdmissionAttributes, why: string) {
  const { metadata } = object ?? {}
  return forbidden(resource, name || metadata?.name || metadata?.generateName || 'Unknown', why)
}

/** Creates and updates of Pods themselves, not of their subresources. */
export const isPodRequest = ({ resource, subresource }: AdmissionAttributes) =>
  resource.resource === 'pods' && resource.group === '' && subresource === ''
