// hostPath: a simulated node has no file system of its own, so the Pod finds an empty folder (or an empty
// file, where it asks for one).
import type { VolumePlugin } from './volume.ts'

export const hostPathPlugin: VolumePlugin = {
  source: 'hostPath',
  isWritable: true,
  references: () => [],
  files: async ({ hostPath }) =>
    hostPath?.type === 'File' || hostPath?.type === 'FileOrCreate'
      ? new Map([['', Buffer.alloc(0)]])
      : new Map(),
}
