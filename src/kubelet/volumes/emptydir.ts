// emptyDir: an empty folder that the containers of a Pod share, as long as the Pod lives.
import type { VolumePlugin } from './volume.ts'

export const emptyDirPlugin: VolumePlugin = {
  source: 'emptyDir',
  id: 'kubernetes.io~empty-dir',
  isWritable: true,
  references: () => [],
  files: async () => new Map(),
}
