// Secrets as files: a file per key, decoded.
import type { SecretProjection } from '../../api/generated/types.ts'
import {
  defaultFileMode,
  selectKeys,
  type VolumeContext,
  VolumeError,
  type VolumeFiles,
  type VolumePlugin,
  type VolumeReference,
} from './volume.ts'

/** Used by projected volumes, too. */
export async function secretFiles(
  { name = '', items, optional = false }: SecretProjection,
  { pod, references }: VolumeContext,
  defaultMode: number,
): Promise<VolumeFiles> {
  const found = await references.secret(pod.metadata.namespace ?? '', name)
  if (!found && !optional) throw new VolumeError(`secret "${name}" not found`)
  const data: Record<string, Buffer> = {}
  for (const key of Object.keys(found?.data ?? {}).sort()) {
    data[key] = Buffer.from(found?.data?.[key] ?? '', 'base64')
  }
  return selectKeys(data, items, {
    optional,
    defaultMode,
    missing: key => `references non-existent secret key: ${key}`,
  })
}

export const secretReferences = (source: SecretProjection | undefined): readonly VolumeReference[] =>
  !source
    ? []
    : [
        {
          kind: 'Secret',
          name: source.name ?? '',
          isOptional: source.optional ?? false,
          keys: (source.items ?? []).map(({ key }) => key),
        },
      ]

export const secretPlugin: VolumePlugin = {
  source: 'secret',
  id: 'kubernetes.io~secret',
  isWritable: false,
  references: ({ secret }) => secretReferences(secret && { ...secret, name: secret.secretName }),
  files: async ({ secret }, context) =>
    secretFiles({ ...secret, name: secret?.secretName }, context, secret?.defaultMode ?? defaultFileMode),
}
