// What is mounted below a folder, and file systems in memory, made and taken away again: mount(8), umount(8)
// and /proc/self/mountinfo (proc(5)).
import { readFileSync } from 'node:fs'
import type { Exec } from './exec.ts'

export interface Mounts {
  /** Mounts a file system that lives in memory. */
  mountMemory(path: string, options: { readonly sizeBytes?: number }): Promise<void>
  /** Whatever is mounted at the path itself or below it, the innermost first. */
  below(path: string): readonly string[]
  unmount(path: string): Promise<void>
}

/** `\040` and the like, as the kernel writes what would end a field. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/** The mount points in the text of a mountinfo file, in its order. */
export const parseMountPoints = (mountinfo: string): string[] =>
  mountinfo
    .split('\n')
    .map(line => line.split(' ')[4])
    .filter(point => point !== undefined)
    .map(unescaped)

export function hostMounts(exec: Exec): Mounts {
  return {
    async mountMemory(path, { sizeBytes }) {
      const size = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`]
      await exec.run('mount', ['-t', 'tmpfs', ...size, 'tmpfs', path])
    },
    below(path) {
      const points = parseMountPoints(readFileSync('/proc/self/mountinfo', 'utf8'))
      return points.filter(point => point === path || point.startsWith(`${path}/`)).reverse()
    },
    async unmount(path) {
      await exec.run('umount', ['--lazy', path])
    },
  }
}
