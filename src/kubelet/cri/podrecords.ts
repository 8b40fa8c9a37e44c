// What the runtime has of each Pod: sandboxes and the runs of containers, as last heard. Kept by uid and
// found by the runtime's own ids, which is all that its events name.
import type { RuntimeContainer, RuntimePod } from '../runtime.ts'
import type { PodSandboxConfig } from './runtimeapi.ts'

export interface SandboxRecord {
  readonly id: string
  readonly attempt: number
  readonly podIPs: readonly string[]
  isReady: boolean
  /** Its network is gone. */
  isStopped?: boolean
}

export interface RunRecord {
  readonly name: string
  readonly id: string
  readonly attempt: number
  readonly sandboxId: string
  /** As last heard. */
  run: RuntimeContainer
}

export class PodRecord {
  readonly identity: RuntimePod
  /** The last one is the Pod's, the others are left from before. */
  sandboxes: SandboxRecord[] = []
  /** Of each container, with the last run at the end. */
  readonly runs = new Map<string, RunRecord[]>()
  /** Of the sandbox as it was made, or would be now. */
  config: PodSandboxConfig | undefined

  /** A sandbox that is under way: it is entered by who makes it. */
  making: Promise<readonly string[]> | undefined

  constructor(identity: RuntimePod) {
    this.identity = identity
  }

  get sandbox(): SandboxRecord | undefined {
    return this.sandboxes.at(-1)
  }

  last(name: string): RunRecord | undefined {
    return this.runs.get(name)?.at(-1)
  }

  get lastRuns(): readonly RunRecord[] {
    return [...this.runs.values()].flatMap(runs => runs.slice(-1))
  }

  addRun(run: RunRecord): void {
    const runs = this.runs.get(run.name) ?? []
    runs.push(run)
    runs.sort((a, b) => a.attempt - b.attempt)
    this.runs.set(run.name, runs)
  }
}

export class PodRecords {
  readonly #pods = new Map<string, PodRecord>()

  get all(): Iterable<PodRecord> {
    return this.#pods.values()
  }

  get(uid: string): PodRecord | undefined {
    return this.#pods.get(uid)
  }

  getOrAdd(identity: RuntimePod): PodRecord {
    let pod = this.#pods.get(identity.uid)
    if (!pod) {
      pod = new PodRecord(identity)
      this.#pods.set(identity.uid, pod)
    }
    return pod
  }

  delete(uid: string): void {
    this.#pods.delete(uid)
  }

  /** Few Pods fit on a node: looking at all of them costs nothing. */
  findRun(id: string): { readonly pod: PodRecord; readonly record: RunRecord } | undefined {
    for (const pod of this.#pods.values()) {
      for (const runs of pod.runs.values()) {
        const record = runs.find(run => run.id === id)
        if (record) return { pod, record }
      }
    }
    return undefined
  }

  findSandbox(id: string): { readonly pod: PodRecord; readonly sandbox: SandboxRecord } | undefined {
    for (const pod of this.#pods.values()) {
      const sandbox = pod.sandboxes.find(other => other.id === id)
      if (sandbox) return { pod, sandbox }
    }
    return undefined
  }
}
