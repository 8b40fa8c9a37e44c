// Pods' sandboxes: made with a network, made anew when they are lost, and removed with everything of the Pod
// that is left on the node (upstream pkg/kubelet/kuberuntime/kuberuntime_sandbox.go).
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../api/generated/types.ts'
import { KeyLocks } from '../../component/keylocks.ts'
import { GRPCError, grpcCode } from '../../grpc/channel.ts'
import { familyOf } from '../../ip/family.ts'
import { RuntimeError, type SandboxEnvironment } from '../runtime.ts'
import type { PodRecord } from './podrecords.ts'
import { runtimeAPI } from './runtimeapi.ts'
import { identityOf, logFolder, sandboxConfig } from './sandboxconfig.ts'
import { type CRISettings, containersFolder, podCgroup } from './settings.ts'

const cgroupRoot = '/sys/fs/cgroup'

const refusal = (why: string) =>
  new RuntimeError('FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`)

export interface SandboxesOptions {
  /** The node's own, for Pods in its network; one per family, in its order. */
  readonly nodeAddresses: readonly string[]
  /** Of a RuntimeClass; undefined: there is no such class. */
  readonly runtimeHandler: (className: string) => Promise<string | undefined>
}

export class Sandboxes {
  readonly #settings: CRISettings
  readonly #options: SandboxesOptions
  /** By the Pods' uids: the runtime does not take it well when two take a network down. */
  readonly #locks = new KeyLocks()

  constructor(settings: CRISettings, options: SandboxesOptions) {
    this.#settings = settings
    this.#options = options
  }

  /** The Pod's addresses, in the node's family order. Throws RuntimeError. */
  async create(pod: Pod, environment: SandboxEnvironment): Promise<readonly string[]> {
    const { inventory, logsRoot } = this.#settings
    const record = inventory.pods.getOrAdd(identityOf(pod))
    const known = record.sandbox
    const attempt = known ? known.attempt + (known.isReady ? 0 : 1) : 0
    const cgroupParent = podCgroup(this.#settings, record.identity.uid)
    record.config = sandboxConfig(pod, { environment, logsRoot, attempt, cgroupParent })
    if (known?.isReady) return this.#inOrder(pod, known.podIPs)
    if (record.making) throw refusal('it is being made')
    record.making = this.#make(pod, record, attempt)
    try {
      return this.#inOrder(pod, await record.making)
    } finally {
      record.making = undefined
    }
  }

  async #make(pod: Pod, record: PodRecord, attempt: number): Promise<readonly string[]> {
    const runtimeHandler = await this.#handler(pod)
    // What is left of the one before holds addresses and processes.
    if (record.sandbox) await this.#stop(record)
    return this.#run(record, { attempt, runtimeHandler })
  }

  /** What the Pod asks for and would not get must not be passed over: it keeps Pods apart. */
  async #handler({ spec }: Pod): Promise<string> {
    if (spec?.hostUsers === false) {
      throw refusal('user namespaces are not supported')
    }
    const className = spec?.runtimeClassName
    if (!className) return ''
    const handler = await this.#options.runtimeHandler(className)
    if (handler === undefined) throw refusal(`RuntimeClass "${className}" not found`)
    return handler
  }

  async #run(
    record: PodRecord,
    { attempt, runtimeHandler }: { readonly attempt: number; readonly runtimeHandler: string },
  ): Promise<readonly string[]> {
    const { client, inventory } = this.#settings
    const { config } = record
    await mkdir(config?.logDirectory ?? '', { recursive: true })
    try {
      const { podSandboxId: id } = await client.call(runtimeAPI.runPodSandbox, { config, runtimeHandler })
      const podIPs = await inventory.addresses(id)
      record.sandboxes.push({ id, attempt, podIPs, isReady: true })
      return podIPs
    } catch (error) {
      if (!(error instanceof GRPCError)) throw error
      throw refusal(error.message)
    }
  }

  #inOrder(pod: Pod, podIPs: readonly string[]): readonly string[] {
    if (pod.spec?.hostNetwork) return this.#options.nodeAddresses
    const families = this.#options.nodeAddresses.map(familyOf)
    const rank = (ip: string) => families.indexOf(familyOf(ip))
    return [...podIPs].sort((a, b) => rank(a) - rank(b))
  }

  /** Idempotent. One that is just being made is waited for, or it would be left over. */
  async stop(record: PodRecord): Promise<void> {
    await record.making?.catch(() => undefined)
    await this.#locks.run(record.identity.uid, () => this.#stop(record))
  }

  async #stop(record: PodRecord): Promise<void> {
    const { client, inventory } = this.#settings
    for (const sandbox of record.sandboxes) {
      if (sandbox.isStopped) continue
      await ignoreMissing(client.call(runtimeAPI.stopPodSandbox, { podSandboxId: sandbox.id }))
      sandbox.isReady = false
      sandbox.isStopped = true
    }
    for (const run of [...record.runs.values()].flat()) await inventory.refresh(run)
  }

  /** With containers, logs and cgroups. */
  async remove(record: PodRecord): Promise<void> {
    await record.making?.catch(() => undefined)
    await this.#locks.run(record.identity.uid, () => this.#remove(record))
  }

  async #remove(record: PodRecord): Promise<void> {
    const { client, logsRoot } = this.#settings
    const { uid } = record.identity
    await this.#stop(record)
    for (const { id } of record.sandboxes) {
      await ignoreMissing(client.call(runtimeAPI.removePodSandbox, { podSandboxId: id }))
    }
    await rm(`${logsRoot}/${logFolder(record.identity)}`, { recursive: true, force: true })
    await rm(containersFolder(this.#settings, uid), { recursive: true, force: true })
    await this.#removeCgroups(podCgroup(this.#settings, uid))
  }

  /** Empty ones, which nobody else removes: one per controller in the first version of cgroups. */
  async #removeCgroups(path: string): Promise<void> {
    if (path === '') return
    const controllers = this.#settings.isCgroup2 ? [''] : await readdir(cgroupRoot).catch(() => [])
    for (const controller of controllers) {
      await rmdir(join(cgroupRoot, controller, path)).catch(() => undefined)
    }
  }
}

async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof GRPCError) || error.code !== grpcCode.notFound) throw error
  }
}
