// What a Pod knows about itself, as files.
import type { DownwardAPIProjection } from '../../api/generated/types.ts'
import { fieldValue, resourceValue } from '../fieldpath.ts'
import { type VolumeContext, VolumeError, type VolumeFiles, type VolumePlugin } from './volume.ts'

/** Used by projected volumes, too. */
export function downwardFiles({ items }: DownwardAPIProjection, context: VolumeContext): VolumeFiles {
  const files = new Map<string, Buffer>()
  for (const { path, fieldRef, resourceFieldRef } of items ?? []) {
    const value = fieldRef
      ? fieldValue(context.pod, fieldRef.fieldPath, context)
      : resourceFieldRef && resourceValue(context.pod, { selector: resourceFieldRef }, context)
    if (value === undefined) throw new VolumeError(`unsupported fieldPath: ${fieldRef?.fieldPath ?? ''}`)
    files.set(path, Buffer.from(value))
  }
  return files
}

export const downwardAPIPlugin: VolumePlugin = {
  source: 'downwardAPI',
  isWritable: false,
  references: () => [],
  files: async ({ downwardAPI }, context) => downwardFiles(downwardAPI ?? {}, context),
}
