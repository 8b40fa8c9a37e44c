// The volume sources the kubelet knows. Those it does not know, such as claims of persistent volumes, are
// empty folders on a simulated node.
import type { Pod, Volume } from '../../api/generated/types.ts'
import { configMapPlugin } from './configmap.ts'
import { downwardAPIPlugin } from './downwardapi.ts'
import { emptyDirPlugin } from './emptydir.ts'
import { hostPathPlugin } from './hostpath.ts'
import { projectedPlugin } from './projected.ts'
import { secretPlugin } from './secret.ts'
import { type VolumeContext, VolumeError, type VolumePlugin, type VolumeReference } from './volume.ts'

export const volumePlugins: readonly VolumePlugin[] = [
  emptyDirPlugin,
  configMapPlugin,
  secretPlugin,
  downwardAPIPlugin,
  projectedPlugin,
  hostPathPlugin,
]

/** Undefined for a kind that the kubelet does not know. */
export const knownPluginOf = (volume: Volume): VolumePlugin | undefined =>
  volumePlugins.find(({ source }) => volume[source] !== undefined)

export const pluginOf = (volume: Volume): VolumePlugin => knownPluginOf(volume) ?? emptyDirPlugin

/** Whatever the Pod's volumes show, and may be missing or not. */
export const volumeReferences = ({ spec }: Pod): VolumeReference[] =>
  (spec?.volumes ?? []).flatMap(volume => pluginOf(volume).references(volume))

/** Does the Pod wait for ConfigMaps or Secrets before it can start? */
export const hasVolumeReferences = (pod: Pod): boolean =>
  Boolean(pod.spec?.volumes) && volumeReferences(pod).some(({ isOptional }) => !isOptional)

/**
 * Throws VolumeError, worded as the FailedMount event, when one of the Pod's volumes cannot be set up yet.
 */
export async function checkVolumes({ pod, references }: Pick<VolumeContext, 'pod' | 'references'>) {
  const namespace = pod.metadata.namespace ?? ''
  for (const volume of pod.spec?.volumes ?? []) {
    for (const { kind, name, keys, isOptional } of pluginOf(volume).references(volume)) {
      if (isOptional) continue
      const found =
        kind === 'ConfigMap'
          ? await references.configMap(namespace, name)
          : await references.secret(namespace, name)
      const has = (key: string) =>
        found?.data?.[key] !== undefined ||
        (found && 'binaryData' in found && found.binaryData?.[key] !== undefined)
      const missing = keys.filter(key => !has(key))
      const failed = `MountVolume.SetUp failed for volume "${volume.name}" : `
      if (!found) throw new VolumeError(`${failed}${kind.toLowerCase()} "${name}" not found`)
      if (missing.length === 0) continue
      throw new VolumeError(
        kind === 'ConfigMap'
          ? `${failed}configmap references non-existent config key: ${missing.join(',')}`
          : `${failed}references non-existent secret key: ${missing.join(',')}`,
      )
    }
  }
}
