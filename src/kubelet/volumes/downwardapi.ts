// What a Pod knows about itself, as files.
import type { DownwardAPIProjection } from '../../api/generated/types.ts'
import { fieldValue, resourceValue } from '../fieldpath.ts'
import {
  defaultFileMode,
  type VolumeContext,
  VolumeError,
  type VolumeFile,
  type VolumeFiles,
  type VolumePlugin,
} from './volume.ts'

/** Used by projected volumes, too. */
export function downwardFiles(
  { items }: DownwardAPIProjection,
  context: VolumeContext,
  defaultMode: number,
): VolumeFiles {
  const files = new Map<string, VolumeFile>()
  for (const { path, fieldRef, resourceFieldRef, mode = defaultMode } of items ?? []) {
    const value = fieldRef
      ? fieldValue(context.pod, fieldRef.fieldPath, context)
      : resourceFieldRef && resourceValue(context.pod, { selector: resourceFieldRef }, context)
    if (value === undefined) throw new VolumeError(`unsupported fieldPath: ${fieldRef?.fieldPath ?? ''}`)
    files.set(path, { content: Buffer.from(value), mode })
  }
  return files
}

export const downwardAPIPlugin: VolumePlugin = {
  source: 'downwardAPI',
  id: 'kubernetes.io~downward-api',
  isWritable: false,
  references: () => [],
  files: async ({ downwardAPI }, context) =>
    downwardFiles(downwardAPI ?? {}, context, downwardAPI?.defaultMode ?? defaultFileMode),
}
