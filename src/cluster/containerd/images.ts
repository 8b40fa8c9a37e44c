// Images from archives, as `docker save` and OCI tools write them: how a cluster gets images that no
// registry has, or that no registry can be asked for.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Exec, ExecError } from '../../host/exec.ts'
import { ConfigError } from '../config.ts'
import { hostNames, nodeName, nodeNames } from './hostnames.ts'

/** Where CRI looks for images. */
const namespace = 'k8s.io'

const timeoutMs = 600_000

/** Loads the images of an archive into one containerd; throws ExecError when it is none. */
export async function importImages(exec: Exec, socketPath: string, archive: string): Promise<void> {
  const args = ['--address', socketPath, '--namespace', namespace, 'images', 'import', archive]
  await exec.run('ctr', args, { timeoutMs })
}

export interface LoadOptions {
  readonly exec: Exec
  /** The cluster's. */
  readonly stateDirectory: string
  /** How many nodes it has. */
  readonly nodes: number
  readonly archives: readonly string[]
}

/** Throws ConfigError for a file that is not there. */
export function checkArchives(archives: readonly string[]): void {
  const missing = archives.find(archive => !existsSync(archive))
  if (missing !== undefined) {
    throw new ConfigError(`Cannot load ${missing}: there is no such file, expected an archive of images`)
  }
}

/** Loads archives into all nodes of a cluster that runs, nodes side by side. Throws ConfigError. */
export async function loadImages({ exec, stateDirectory, nodes, archives }: LoadOptions): Promise<void> {
  checkArchives(archives)
  const names = hostNames(resolve(stateDirectory))
  const sockets = Array.from(
    { length: nodes },
    (_, index) => nodeNames(names, stateDirectory, nodeName(index)).containerdSocket,
  )
  await Promise.all(
    sockets.map(async socket => {
      for (const archive of archives) await importImages(exec, socket, archive).catch(refuse(archive))
    }),
  )
}

const refuse = (archive: string) => (error: unknown) => {
  if (!(error instanceof ExecError)) throw error
  const why = error.stderr.trim().split('\n').at(-1)
  throw new ConfigError(`Cannot load ${archive}: ${why}, expected an archive of images`)
}
