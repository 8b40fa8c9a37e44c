// Takes away whatever a cluster has on the host, made or half made, by this process or by one that was
// killed: everything is found by its name or by the program it runs, so nothing else is touched.
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Clock, systemClock } from '../../component/clock.ts'
import { removeCgroup, removeEmptyCgroup } from '../../host/cgroups.ts'
import { type Exec, hostExec } from '../../host/exec.ts'
import { findProcesses, findProcessesWith, killProcesses } from '../../host/processes.ts'
import { cgroupRoot, type HostNames, hostNames, nodeNames, runRoot } from './hostnames.ts'
import { withHostLock } from './hostrecord.ts'
import { restoreHostSysctls } from './hostsysctls.ts'
import { Underlay } from './underlay.ts'

/** Whether there is anything of the cluster, which a look at one folder tells. */
export const hasRemains = (names: HostNames): boolean => existsSync(names.runDirectory)

/** Ends a node: its first process, and so the kernel ends all others and drops namespaces and mounts. */
export async function killNode(init: string, clock: Clock): Promise<void> {
  // A launcher that has not yet become the program has it in its command line.
  await killProcesses([...new Set([...findProcesses(init), ...findProcessesWith(init)])], clock)
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

const foldersIn = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true })
        .filter(entry => entry.isDirectory())
        .map(({ name }) => name)
    : []

export interface RemainsOptions {
  readonly exec: Exec
  readonly clock: Clock
  readonly names: HostNames
  /** The cluster's. */
  readonly stateDirectory: string
}

/** Resolves when nothing of the cluster is left on the host but its state directory. */
export async function removeRemains({ exec, clock, names, stateDirectory }: RemainsOptions): Promise<void> {
  // Either folder may have been deleted by somebody.
  const found = [join(stateDirectory, 'nodes'), names.runDirectory].flatMap(foldersIn)
  await Promise.all(
    [...new Set(found)].map(node => killNode(nodeNames(names, stateDirectory, node).init, clock)),
  )
  await new Underlay(exec, names).remove()
  await removeCgroup(names.cgroup, clock)
  await withHostLock(clock, async () => {
    rmSync(names.runDirectory, { recursive: true, force: true })
    await restoreHostSysctls(exec)
    removeEmptyCgroup(cgroupRoot)
  })
  removeIfEmpty(runRoot)
}

/** For `down`: removes what a cluster has left that was killed; false when there was nothing. */
export async function removeClusterRemains(stateDirectory: string): Promise<boolean> {
  const directory = resolve(stateDirectory)
  const names = hostNames(directory)
  if (!hasRemains(names)) return false
  await removeRemains({ exec: hostExec, clock: systemClock, names, stateDirectory: directory })
  return true
}
