// Network namespaces that a file stands for. The file may be anywhere: unlike `ip netns add` nothing is
// left in /run/netns, which belongs to all.
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Exec, ExecError, inNetworkNamespace } from './exec.ts'

/** Makes a network namespace with its loopback up; `path` stands for it until it is removed. */
export async function createNetworkNamespace(exec: Exec, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  await exec.run('unshare', [`--net=${path}`, '--', 'true'])
  await inNetworkNamespace(exec, path).run('ip', ['link', 'set', 'lo', 'up'])
}

/** Removes the file and, when nobody else uses it, the namespace; nothing happens when there is none. */
export async function removeNetworkNamespace(exec: Exec, path: string): Promise<void> {
  if (!existsSync(path)) return
  try {
    await exec.run('umount', ['--lazy', path])
  } catch (error) {
    if (!(error instanceof ExecError) || !/not mounted|no mount point/.test(error.stderr)) throw error
  }
  rmSync(path, { force: true })
}
