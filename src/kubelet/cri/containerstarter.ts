// Starts one run of a container: its image, its configuration, the runtime's two steps, and no more of the
// runs before than `logs --previous` needs (upstream pkg/kubelet/kuberuntime/kuberuntime_container.go).
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { EphemeralContainer, Secret } from '../../api/generated/types.ts'
import { GRPCError } from '../../grpc/channel.ts'
import type { References } from '../references.ts'
import { type ContainerStart, type RuntimeContainer, RuntimeError } from '../runtime.ts'
import { containerConfig } from './containerconfig.ts'
import { removeLog } from './logrotation.ts'
import type { PodRecord, RunRecord, SandboxRecord } from './podrecords.ts'
import { containerResources } from './resources.ts'
import { type ContainerConfig, type CRIImage, runtimeAPI } from './runtimeapi.ts'
import { containerSecurityContext, type ImageUser, sandboxConfigFor } from './securitycontext.ts'
import { type CRISettings, containersFolder, logFile } from './settings.ts'

/** The last one, and the one before for `logs --previous`. */
const runsKept = 2

const userOf = ({ uid, username }: CRIImage): ImageUser => ({ uid: uid?.value, username })

async function failWith<T>(reason: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof GRPCError ? new RuntimeError(reason, error.detail) : error
  }
}

export class ContainerStarter {
  readonly #settings: CRISettings
  readonly #references: References

  constructor(settings: CRISettings, references: References) {
    this.#settings = settings
    this.#references = references
  }

  /** Throws RuntimeError. */
  async start(start: ContainerStart, pod: PodRecord): Promise<RuntimeContainer> {
    const { inventory, images } = this.#settings
    const { container } = start
    const known = pod.last(container.name)
    // It was started by a kubelet that could not tell of it any more.
    if (known && known.attempt >= start.attempt && !known.run.exit) return known.run
    const sandbox = pod.sandbox
    if (!sandbox?.isReady) throw new RuntimeError('RunContainerError', 'the Pod has no sandbox')
    const attempt = Math.max(start.attempt, known ? known.attempt + 1 : 0)
    const image = await images.ensure({
      podUID: pod.identity.uid,
      image: container.image ?? '',
      policy: container.imagePullPolicy ?? 'IfNotPresent',
      secrets: () => this.#pullSecrets(start),
      report: step => start.report(step),
    })
    const config = await this.#config(start, { pod, image, attempt })
    const record = await this.#create(config, { pod, sandbox })
    start.report({ type: 'created' })
    await this.#run(record)
    await inventory.refresh(record)
    // The container runs, whatever becomes of those before it.
    const onError = (error: unknown) =>
      this.#settings.log.debug('an old container was not removed', { error: String(error) })
    await this.#prune(pod, container.name).catch(onError)
    return record.run
  }

  async #pullSecrets({ pod }: ContainerStart): Promise<Secret[]> {
    const names = (pod.spec?.imagePullSecrets ?? []).map(({ name = '' }) => name)
    const namespace = pod.metadata.namespace ?? ''
    const found = await Promise.all(names.map(name => this.#references.secret(namespace, name)))
    return found.filter(secret => secret !== undefined)
  }

  async #config(
    start: ContainerStart,
    { pod: record, image, attempt }: { pod: PodRecord; image: CRIImage; attempt: number },
  ): Promise<ContainerConfig> {
    const { pod, container, kind } = start
    const { uid } = record.identity
    const targetName = (container as EphemeralContainer).targetContainerName
    const securityContext = containerSecurityContext({
      pod,
      container,
      kind,
      image: userOf(image),
      seccompFolder: `${this.#settings.rootDir}/seccomp`,
      targetId: targetName ? record.last(targetName)?.id : undefined,
    })
    const environment = await start.environment()
    const file = `${containersFolder(this.#settings, uid)}/${container.name}/${attempt}`
    await mkdir(dirname(file), { recursive: true, mode: 0o750 })
    await writeFile(file, '')
    // Whoever the container runs as may write it.
    await chmod(file, 0o666)
    return containerConfig({
      pod,
      container,
      attempt,
      environment,
      imageRef: image.id,
      terminationMessageFile: file,
      linux: { resources: containerResources(pod, container, this.#settings), securityContext },
    })
  }

  async #create(
    config: ContainerConfig,
    { pod, sandbox }: { pod: PodRecord; sandbox: SandboxRecord },
  ): Promise<RunRecord> {
    const { client } = this.#settings
    const sandboxConfig = pod.config && sandboxConfigFor(config, pod.config)
    const request = { podSandboxId: sandbox.id, config, sandboxConfig }
    const { containerId: id } = await failWith(
      'CreateContainerError',
      client.call(runtimeAPI.createContainer, request),
    )
    const { name = '', attempt = 0 } = config.metadata ?? {}
    const run = { name, id, image: '', imageID: '', attempt, startedAt: '' }
    const record: RunRecord = { name, id, attempt, sandboxId: sandbox.id, run }
    pod.addRun(record)
    return record
  }

  /** A container that could not be started has ended all the same. */
  async #run(record: RunRecord): Promise<void> {
    const { client, inventory } = this.#settings
    try {
      await client.call(runtimeAPI.startContainer, { containerId: record.id })
    } catch (error) {
      if (!(error instanceof GRPCError)) throw error
      await inventory.refresh(record)
      throw new RuntimeError('RunContainerError', error.detail)
    }
  }

  async #prune(pod: PodRecord, name: string): Promise<void> {
    const runs = pod.runs.get(name) ?? []
    for (const old of runs.splice(0, Math.max(0, runs.length - runsKept))) {
      await this.#settings.client.call(runtimeAPI.removeContainer, { containerId: old.id })
      await removeLog(logFile(this.#settings, pod.identity, old))
      await rm(`${containersFolder(this.#settings, pod.identity.uid)}/${name}/${old.attempt}`, {
        force: true,
      })
    }
  }
}
