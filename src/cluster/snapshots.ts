// Saves what a cluster holds into a file and brings it back. A cluster that runs is asked through its API as
// its administrator; one that is stopped has its files opened, and an etcd is asked itself.
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { StatusError } from '../api/status.ts'
import { livingServer, serverLeasePrefix } from '../apiserver/serverleases.ts'
import { snapshotPath } from '../apiserver/snapshotreply.ts'
import { clientConfig, loadKubeconfig } from '../client/kubeconfig.ts'
import { systemClock } from '../component/clock.ts'
import { withoutCredentials } from '../storage/etcdendpoints.ts'
import { restoreLMDB } from '../storage/lmdbrestore.ts'
import { openStore } from '../storage/open.ts'
import { restoreInSteps } from '../storage/restoresteps.ts'
import type { StoreSnapshot } from '../storage/snapshot.ts'
import { parseSnapshot, snapshotLines } from '../storage/snapshotfile.ts'
import { type Store, StoreError } from '../storage/store.ts'
import { ConfigError } from './configerror.ts'
import { type EtcdOptions, loadEtcd } from './etcdsettings.ts'
import { type StateDirectory, writeWhole } from './statedirectory.ts'

export interface SnapshotTarget extends EtcdOptions {
  readonly name: string
  readonly directory: StateDirectory
  /** As `up` has it. Default: that of the cluster when it runs, else its own LMDB. */
  readonly store?: string
}

const isEtcd = ({ store = '' }: SnapshotTarget) => store.startsWith('etcd:')

/** Of a stopped cluster with LMDB. */
function storePath({ directory, store = 'lmdb' }: SnapshotTarget): string {
  if (store === 'lmdb') return directory.file('store')
  if (store.startsWith('lmdb:') && store !== 'lmdb:') return store.slice('lmdb:'.length)
  throw new ConfigError(`Cannot open --store ${store}: expected lmdb:DIRECTORY or etcd:URL,...`)
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

/** Opens the store itself: LMDB's files, or an etcd, whose past is nobody's business here. */
function openTarget(target: SnapshotTarget): Promise<Store> {
  if (isEtcd(target)) {
    return openStore(target.store!, { etcd: { ...loadEtcd(target), compactionIntervalMs: 0 } })
  }
  const path = storePath(target)
  if (existsSync(path)) return openStore(`lmdb:${path}`)
  throw new Refusal(
    `it is not running and there is no store in ${path}, expected --store as futago up had it`,
  )
}

async function fromStore(target: SnapshotTarget): Promise<Buffer> {
  const store = await openTarget(target)
  try {
    return await bytesOf(snapshotLines(store))
  } finally {
    await store.close()
  }
}

/** Why it is not done; `explained` says what. */
class Refusal extends Error {}

/** What cannot be read or written is the user's to mend. */
async function explained<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isTheirs = [Refusal, StoreError, StatusError].some(kind => error instanceof kind)
    if (isTheirs || (error as NodeJS.ErrnoException).code !== undefined) {
      throw new ConfigError(`${doing}: ${(error as Error).message}`)
    }
    throw error
  }
}

export function saveSnapshot(target: SnapshotTarget, file: string): Promise<StoreSnapshot> {
  return explained(`Cannot save cluster ${target.name} to ${file}`, async () => {
    loadEtcd(target)
    const running = target.directory.running()
    // One that is named and not what this process serves from is what is meant.
    const { store } = target
    const isServed = running && (store === undefined || withoutCredentials(store) === running.store)
    const bytes = isServed ? await fromServer(running.kubeconfig) : await fromStore(target)
    const snapshot = parseSnapshot(bytes)
    writeWhole(file, bytes, { flush: true })
    return snapshot
  })
}

export interface Restored {
  readonly snapshot: StoreSnapshot
  /** The store that was named, as it may be shown. */
  readonly store?: string
  /** Where that is which was there before: a directory, or a snapshot of it. */
  readonly replaced?: string
}

export interface RestoreOptions {
  /** Also when there are objects, which are kept aside. */
  readonly force: boolean
}

/** The cluster must not run; one that holds something already is refused but with `force`. */
export function restoreSnapshot(
  target: SnapshotTarget,
  file: string,
  options: RestoreOptions,
): Promise<Restored> {
  const { name, directory } = target
  return explained(`Cannot restore cluster ${name} from ${file}`, async () => {
    loadEtcd(target)
    const running = directory.running()
    if (running) {
      throw new Refusal(`process ${running.pid} serves it, expected: futago down --name ${name}`)
    }
    const snapshot = withoutServers(parseSnapshot(readFileSync(file)))
    const restore = isEtcd(target) ? restoreIntoEtcd : restoreIntoFiles
    const replaced = await restore(target, snapshot, options)
    const store = target.store && withoutCredentials(target.store)
    return { snapshot, ...(store ? { store } : {}), ...(replaced === undefined ? {} : { replaced }) }
  })
}

/** Those that were running when it was taken are not brought back by it. */
function withoutServers(snapshot: StoreSnapshot): StoreSnapshot {
  const entries = [...snapshot.entries].filter(([key]) => !key.startsWith(serverLeasePrefix))
  return { ...snapshot, entries: new Map(entries) }
}

const holdsObjects = 'it holds objects already, expected --force to put them aside'

async function restoreIntoFiles(
  target: SnapshotTarget,
  snapshot: StoreSnapshot,
  { force }: RestoreOptions,
): Promise<string | undefined> {
  const path = storePath(target)
  const exists = existsSync(path)
  if (exists && !force) throw new Refusal(holdsObjects)
  target.directory.create()
  const fresh = `${path}.restoring`
  rmSync(fresh, { recursive: true, force: true })
  await restoreLMDB(fresh, snapshot)
  const replaced = `${path}.replaced`
  if (exists) {
    rmSync(replaced, { recursive: true, force: true })
    renameSync(path, replaced)
  }
  renameSync(fresh, path)
  return exists ? replaced : undefined
}

async function restoreIntoEtcd(
  target: SnapshotTarget,
  snapshot: StoreSnapshot,
  { force }: RestoreOptions,
): Promise<string | undefined> {
  const store = await openTarget(target)
  const aside = target.directory.file('store.replaced.snapshot')
  try {
    const exists = (await store.list({ prefix: '', limit: 1 })).entries.length > 0
    if (exists && !force) throw new Refusal(holdsObjects)
    const living = exists ? await livingServer(store, systemClock) : undefined
    if (living) throw new Refusal(`the server at ${living} serves it, expected it to be stopped`)
    target.directory.create()
    if (exists) writeWhole(aside, await bytesOf(snapshotLines(store)), { flush: true })
    await restoreInSteps(store, snapshot).catch(error => {
      throw new Refusal(
        `${(error as Error).message}; a part of it may be there now, expected --force at the next attempt`,
      )
    })
    return exists ? aside : undefined
  } finally {
    await store.close()
  }
}
