// What a runtime has, kept up to date: read at the beginning, which is how a restarted kubelet finds its Pods
// again, and compared with what is known whenever a process ended or might have.
import type { Clock } from '../../component/clock.ts'
import { GRPCError, grpcCode } from '../../grpc/channel.ts'
import type { RuntimePod } from '../runtime.ts'
import { lostExit, runOf } from './containerruns.ts'
import type { CRIClient } from './criclient.ts'
import { PodRecords, type RunRecord, type SandboxRecord } from './podrecords.ts'
import {
  type CRIContainer,
  type CRIContainerStatus,
  containerState,
  type PodSandbox,
  runtimeAPI,
  sandboxState,
} from './runtimeapi.ts'
import { podLabels } from './sandboxconfig.ts'

/** How often and how soon the runtime is asked until it has noticed what its events already said. */
const settleTries = 60
const settleMs = (tries: number) => Math.min(25 + 10 * tries, 250)

const isMissing = (error: unknown) => error instanceof GRPCError && error.code === grpcCode.notFound

const identityIn = (labels: Readonly<Record<string, string>>): RuntimePod | undefined => {
  const uid = labels[podLabels.uid]
  if (!uid) return undefined
  return { uid, namespace: labels[podLabels.namespace] ?? '', name: labels[podLabels.name] ?? '' }
}

export interface InventoryOptions {
  readonly client: CRIClient
  readonly clock: Clock
  /** Of containers' ids: `containerd`. */
  readonly runtime: string
  /** Something of the Pod has ended by itself. */
  onChange(uid: string): void
}

export class Inventory {
  readonly pods = new PodRecords()
  readonly #options: InventoryOptions

  constructor(options: InventoryOptions) {
    this.#options = options
  }

  /** Asks for a container's state; true when it has ended since it was last asked for. */
  async refresh(record: RunRecord): Promise<boolean> {
    if (record.run.exit) return false
    const { clock, runtime } = this.#options
    const status = await this.#status(record.id)
    // Another call may have been quicker.
    if (record.run.exit) return false
    record.run = status ? await runOf(status, { runtime, clock }) : { ...record.run, exit: lostExit(clock) }
    return record.run.exit !== undefined
  }

  async #status(id: string): Promise<CRIContainerStatus | undefined> {
    try {
      return (await this.#options.client.call(runtimeAPI.containerStatus, { containerId: id })).status
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /** A container or a sandbox has ended, or was told to; the runtime itself may hear of it later. */
  async noteExit(id: string): Promise<void> {
    for (let tries = 0; tries < settleTries; tries++) {
      if (await this.#hasSettled(id)) return
      await this.#options.clock.sleep(settleMs(tries))
    }
  }

  async #hasSettled(id: string): Promise<boolean> {
    const run = this.pods.findRun(id)
    if (run) {
      if (await this.refresh(run.record)) this.#options.onChange(run.pod.identity.uid)
      return run.record.run.exit !== undefined
    }
    const found = this.pods.findSandbox(id)
    if (!found?.sandbox.isReady) return true
    const { status } = await this.#options.client.call(runtimeAPI.podSandboxStatus, { podSandboxId: id })
    if (status?.state === sandboxState.ready) return false
    found.sandbox.isReady = false
    this.#options.onChange(found.pod.identity.uid)
    return true
  }

  /** Compares with all that the runtime has. */
  async relist(): Promise<void> {
    const { client } = this.#options
    // What is made meanwhile is in neither list.
    const before = [...this.pods.all].map(pod => ({
      pod,
      sandboxes: [...pod.sandboxes],
      runs: [...pod.runs.values()].flat(),
    }))
    const { items } = await client.call(runtimeAPI.listPodSandbox, {})
    const { containers } = await client.call(runtimeAPI.listContainers, {})
    await this.#addUnknown(items, containers)
    const ready = new Set(items.filter(({ state }) => state === sandboxState.ready).map(({ id }) => id))
    const running = new Set(
      containers.filter(({ state }) => state === containerState.running).map(({ id }) => id),
    )
    for (const { pod, sandboxes, runs } of before) {
      let isChanged = false
      for (const sandbox of sandboxes) {
        if (!sandbox.isReady || ready.has(sandbox.id)) continue
        sandbox.isReady = false
        isChanged = true
      }
      for (const record of runs) {
        const isStarting = record.run.startedAt === ''
        if (record.run.exit || running.has(record.id) || isStarting) continue
        isChanged = (await this.refresh(record)) || isChanged
      }
      if (isChanged) this.#options.onChange(pod.identity.uid)
    }
  }

  /** Reads everything for the first time. Containers that were made and never started are of no use. */
  async load(): Promise<void> {
    const { client } = this.#options
    const { items } = await client.call(runtimeAPI.listPodSandbox, {})
    const { containers } = await client.call(runtimeAPI.listContainers, {})
    for (const { id, state } of containers) {
      if (state === containerState.created) await client.call(runtimeAPI.removeContainer, { containerId: id })
    }
    const started = containers.filter(({ state }) => state !== containerState.created)
    await this.#addUnknown(items, started)
  }

  async #addUnknown(items: readonly PodSandbox[], containers: readonly CRIContainer[]): Promise<void> {
    const oldestFirst = [...items].sort((a, b) => a.createdAt - b.createdAt)
    for (const item of oldestFirst) {
      const identity = identityIn(item.labels)
      if (!identity || this.pods.findSandbox(item.id) || this.#isBeingMade(identity.uid)) continue
      this.pods.getOrAdd(identity).sandboxes.push(await this.#sandbox(item))
    }
    const { clock, runtime } = this.#options
    for (const { id, labels, podSandboxId: sandboxId } of containers) {
      const pod = this.pods.get(labels[podLabels.uid] ?? '')
      if (!pod?.sandboxes.some(sandbox => sandbox.id === sandboxId) || this.pods.findRun(id)) continue
      const status = await this.#status(id)
      if (!status || status.state === containerState.created || this.pods.findRun(id)) continue
      const run = await runOf(status, { runtime, clock })
      pod.addRun({ name: run.name, id, attempt: run.attempt, sandboxId, run })
    }
  }

  #isBeingMade(uid: string): boolean {
    return this.pods.get(uid)?.making !== undefined
  }

  async #sandbox({ id, metadata, state }: PodSandbox): Promise<SandboxRecord> {
    const isReady = state === sandboxState.ready
    const podIPs = isReady ? await this.addresses(id) : []
    return { id, attempt: metadata?.attempt ?? 0, podIPs, isReady }
  }

  /** Of a sandbox with a network of its own, in the runtime's order. */
  async addresses(sandboxId: string): Promise<readonly string[]> {
    const { client } = this.#options
    const { status } = await client.call(runtimeAPI.podSandboxStatus, { podSandboxId: sandboxId })
    const { ip = '', additionalIps = [] } = status?.network ?? {}
    return [ip, ...additionalIps.map(other => other.ip)].filter(address => address !== '')
  }
}
