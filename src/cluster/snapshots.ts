// Saves what a cluster holds into a file and brings it back. A cluster that runs is asked through its API as
// its administrator; one that is stopped has its files opened.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { StatusError } from '../api/status.ts'
import { snapshotPath } from '../apiserver/snapshotreply.ts'
import { clientConfig, loadKubeconfig } from '../client/kubeconfig.ts'
import { restoreLMDB, revisionLeap } from '../storage/lmdbrestore.ts'
import { openStore } from '../storage/open.ts'
import type { StoreSnapshot } from '../storage/snapshot.ts'
import { parseSnapshot, snapshotLines } from '../storage/snapshotfile.ts'
import { StoreError } from '../storage/store.ts'
import { ConfigError } from './configerror.ts'
import type { StateDirectory } from './statedirectory.ts'

export interface SnapshotTarget {
  readonly name: string
  readonly directory: StateDirectory
  /** As `up` has it. Default: the cluster's own. */
  readonly store?: string
}

/** Of a stopped cluster. */
function storePath({ directory, store = 'lmdb' }: SnapshotTarget): string {
  if (store === 'lmdb') return directory.file('store')
  if (store.startsWith('lmdb:')) return store.slice('lmdb:'.length)
  throw new ConfigError(
    `Cannot open --store ${store}: expected lmdb:DIRECTORY (a running cluster may have any; etcd has etcdctl snapshot)`,
  )
}

async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

async function fromServer(kubeconfig: string): Promise<Buffer> {
  const { server, ca, certificate, key } = await clientConfig(await loadKubeconfig([kubeconfig]))
  const credentials = { ca, cert: certificate, key, agent: false }
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL(snapshotPath, server), credentials, resolve).once('error', reject).end()
  })
  const bytes = await bytesOf(message)
  if (message.statusCode === 200) return bytes
  throw StatusError.fromText(message.statusCode ?? 0, bytes.toString())
}

async function fromFiles(target: SnapshotTarget): Promise<Buffer> {
  const path = storePath(target)
  if (!existsSync(path)) {
    throw new ConfigError(`it is not running and there is no store in ${path}`)
  }
  const store = await openStore(`lmdb:${path}`)
  try {
    return await bytesOf(snapshotLines(store))
  } finally {
    await store.close()
  }
}

/** What cannot be read or written is the user's to mend. */
async function explained<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isTheirs = error instanceof StoreError || error instanceof StatusError
    if (isTheirs || (error as NodeJS.ErrnoException).code !== undefined) {
      throw new ConfigError(`${doing}: ${(error as Error).message}`)
    }
    throw error
  }
}

/** The file appears once it is complete, for its owner only. */
export function saveSnapshot(target: SnapshotTarget, file: string): Promise<StoreSnapshot> {
  return explained(`Cannot save cluster ${target.name} to ${file}`, async () => {
    const running = target.directory.running()
    const bytes = running ? await fromServer(running.kubeconfig) : await fromFiles(target)
    const snapshot = parseSnapshot(bytes)
    const temporary = `${file}.${process.pid}.tmp`
    try {
      writeFileSync(temporary, bytes, { mode: 0o600, flush: true })
      renameSync(temporary, file)
    } finally {
      rmSync(temporary, { force: true })
    }
    return snapshot
  })
}

export interface Restored {
  readonly snapshot: StoreSnapshot
  readonly firstRevision: number
  /** Where the store went that was there before. */
  readonly replaced?: string
}

/** The cluster must not run; one that has a store keeps it aside when `force` is set, else it is refused. */
export function restoreSnapshot(
  target: SnapshotTarget,
  file: string,
  options: { readonly force: boolean },
): Promise<Restored> {
  const { name, directory } = target
  const doing = `Cannot restore cluster ${name} from ${file}`
  return explained(doing, async () => {
    const running = directory.running()
    if (running) {
      throw new ConfigError(
        `${doing}: process ${running.pid} serves it, expected: futago down --name ${name}`,
      )
    }
    const path = storePath(target)
    const exists = existsSync(path)
    if (exists && !options.force) {
      throw new ConfigError(`${doing}: it holds objects already, expected --force to put them aside`)
    }
    const snapshot = parseSnapshot(readFileSync(file))
    directory.create()
    const fresh = `${path}.restoring`
    rmSync(fresh, { recursive: true, force: true })
    await restoreLMDB(fresh, snapshot)
    const replaced = `${path}.replaced`
    if (exists) {
      rmSync(replaced, { recursive: true, force: true })
      renameSync(path, replaced)
    }
    renameSync(fresh, path)
    return { snapshot, firstRevision: snapshot.revision + revisionLeap, ...(exists ? { replaced } : {}) }
  })
}
