// ConfigMaps as files: a file per key.
import type { ConfigMap, ConfigMapProjection } from '../../api/generated/types.ts'
import {
  defaultFileMode,
  selectKeys,
  type VolumeContext,
  VolumeError,
  type VolumeFiles,
  type VolumePlugin,
  type VolumeReference,
} from './volume.ts'

function dataOf({ data = {}, binaryData = {} }: ConfigMap): Record<string, Buffer> {
  const files: Record<string, Buffer> = {}
  for (const key of Object.keys(data).sort()) files[key] = Buffer.from(data[key] ?? '')
  for (const key of Object.keys(binaryData).sort()) files[key] = Buffer.from(binaryData[key] ?? '', 'base64')
  return files
}

/** Used by projected volumes, too. */
export async function configMapFiles(
  source: ConfigMapProjection,
  { pod, references }: VolumeContext,
  defaultMode: number,
): Promise<VolumeFiles> {
  const { name = '', items, optional = false } = source
  const namespace = pod.metadata.namespace ?? ''
  const found = await references.configMap(namespace, name)
  if (!found && !optional) throw new VolumeError(`configmap "${name}" not found`)
  return selectKeys(found ? dataOf(found) : {}, items, {
    optional,
    defaultMode,
    missing: () => `configmap references non-existent config key: ${(items ?? []).map(i => i.key).join(',')}`,
  })
}

export const configMapReferences = (source: ConfigMapProjection | undefined): readonly VolumeReference[] =>
  !source
    ? []
    : [
        {
          kind: 'ConfigMap',
          name: source.name ?? '',
          isOptional: source.optional ?? false,
          keys: (source.items ?? []).map(({ key }) => key),
        },
      ]

export const configMapPlugin: VolumePlugin = {
  source: 'configMap',
  id: 'kubernetes.io~configmap',
  isWritable: false,
  references: ({ configMap }) => configMapReferences(configMap),
  files: async ({ configMap }, context) =>
    configMapFiles(configMap ?? {}, context, configMap?.defaultMode ?? defaultFileMode),
}
