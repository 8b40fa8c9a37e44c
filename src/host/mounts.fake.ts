// Mounts for tests that need no rights: what is mounted is remembered, nothing more.
import type { Mounts } from './mounts.ts'

export interface FakeMounts extends Mounts {
  /** Sizes by path. */
  readonly mounted: Map<string, number | undefined>
}

export function fakeMounts(): FakeMounts {
  const mounted = new Map<string, number | undefined>()
  return {
    mounted,
    async mountMemory(path, { sizeBytes }) {
      mounted.set(path, sizeBytes)
    },
    below: path =>
      [...mounted.keys()].filter(point => point === path || point.startsWith(`${path}/`)).reverse(),
    async unmount(path) {
      mounted.delete(path)
    },
  }
}
