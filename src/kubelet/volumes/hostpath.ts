// hostPath: a simulated node has no file system of its own, so the Pod finds an empty folder (or an empty
// file, where it asks for one).
import { defaultFileMode, type VolumePlugin } from './volume.ts'

export const hostPathPlugin: VolumePlugin = {
  source: 'hostPath',
  id: 'kubernetes.io~host-path',
  isWritable: true,
  references: () => [],
  files: async ({ hostPath }) =>
    hostPath?.type === 'File' || hostPath?.type === 'FileOrCreate'
      ? new Map([['', { content: Buffer.alloc(0), mode: defaultFileMode }]])
      : new Map(),
}
