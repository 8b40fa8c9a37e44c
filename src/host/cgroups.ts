// Control groups, of which a node's containers have one subtree: version 2 has one hierarchy, version 1 one
// for each controller, and hybrid hosts have both.
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../component/clock.ts'
import { killProcesses } from './processes.ts'

const mountPoint = '/sys/fs/cgroup'

/** The roots of all hierarchies. */
export function cgroupHierarchies(root = mountPoint): string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root]
  if (!existsSync(root)) return []
  return readdirSync(root, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join(root, entry.name))
}

const subdirectories = (directory: string) =>
  readdirSync(directory, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join(directory, entry.name))

/** A group and all below it, children first. */
function tree(directory: string): string[] {
  if (!existsSync(directory)) return []
  return [...subdirectories(directory).flatMap(tree), directory]
}

function processesIn(group: string): number[] {
  const file = join(group, 'cgroup.procs')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
}

const attempts = 100
const pauseMs = 10

/** The kernel needs a moment after the last process of a group has ended. */
async function removeGroup(group: string, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return rmdirSync(group)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || attempt === attempts) throw error
      await clock.sleep(pauseMs)
    }
  }
}

/**
 * Removes a group such as `/futago/1a2b3c` from every hierarchy, with all below it and the processes in
 * them.
 */
export async function removeCgroup(path: string, clock: Clock, root = mountPoint): Promise<void> {
  for (const hierarchy of cgroupHierarchies(root)) {
    const groups = tree(join(hierarchy, path))
    await killProcesses(groups.flatMap(processesIn), clock)
    for (const group of groups) await removeGroup(group, clock)
  }
}

/** Removes a group that nothing is in; keeps any other. */
export function removeEmptyCgroup(path: string, root = mountPoint): void {
  for (const hierarchy of cgroupHierarchies(root)) {
    const group = join(hierarchy, path)
    if (!existsSync(group) || subdirectories(group).length > 0 || processesIn(group).length > 0) continue
    rmdirSync(group)
  }
}
