// The volumes of a real node's Pods, as files below the kubelet's folder: made before the Pod's sandbox,
// brought up to date while it runs, and gone with it. Paths are upstream's:
// `pods/<uid>/volumes/<plugin>/<name>`.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Pod, Volume } from '../api/generated/types.ts'
import { quantityValue } from '../api/meta/quantity.ts'
import type { Clock } from '../component/clock.ts'
import type { Mounts } from '../host/mounts.ts'
import { writeAtomically } from './volumes/atomicwriter.ts'
import { checkHostPath } from './volumes/hostpathtype.ts'
import { checkVolumes, knownPluginOf } from './volumes/index.ts'
import { VolumeError, type VolumePlugin } from './volumes/volume.ts'
import type { WatchedReferences } from './watchedreferences.ts'

export interface NodeVolumesOptions {
  /** The kubelet's own folder; made when it is not there. */
  readonly rootDirectory: string
  readonly mounts: Mounts
  readonly clock: Clock
  readonly references: WatchedReferences
  readonly hostIPs: readonly string[]
  readonly allocatable: Readonly<Record<string, string>>
}

/** Where a container sees a volume, or a part of it. */
export interface VolumePart {
  readonly volume: Volume
  /** Empty: all of it. */
  readonly subPath: string
}

const sharedMode = 0o777
const groupShared = 0o2770
const privateMode = 0o750

const groupOf = ({ spec }: Pod) => spec?.securityContext?.fsGroup

/** With the words of the FailedMount event around it. */
const failed = (volume: Volume, error: unknown): VolumeError => {
  const why = error instanceof Error ? error.message : String(error)
  if (error instanceof VolumeError && why.startsWith('MountVolume.')) return error
  return new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`)
}

/** What a Pod's volumes were written from. */
interface Written {
  /** The downward API's part of it. */
  readonly metadata: string
  readonly isStale: boolean
}

const metadataOf = ({ metadata }: Pod) => JSON.stringify([metadata.labels, metadata.annotations])

export class NodeVolumes {
  readonly #options: NodeVolumesOptions
  readonly #written = new Map<string, Written>()

  constructor(options: NodeVolumesOptions) {
    this.#options = options
    mkdirSync(this.#podsFolder, { recursive: true, mode: privateMode })
  }

  get #podsFolder(): string {
    return join(this.#options.rootDirectory, 'pods')
  }

  #folderOf(pod: Pod): string {
    return join(this.#podsFolder, pod.metadata.uid ?? '')
  }

  #path(pod: Pod, volume: Volume, plugin: VolumePlugin): string {
    return volume.hostPath?.path ?? join(this.#folderOf(pod), 'volumes', plugin.id, volume.name)
  }

  /**
   * Makes what is not there yet and brings the rest up to date. Idempotent. Throws VolumeError, worded as the
   * FailedMount event.
   */
  async update(pod: Pod): Promise<void> {
    const { references } = this.#options
    const uid = pod.metadata.uid ?? ''
    const written = { metadata: metadataOf(pod), isStale: false }
    this.#written.set(uid, written)
    try {
      references.watch(pod)
      await checkVolumes({ pod, references })
      await this.#setUpAll(pod)
    } catch (error) {
      this.#written.delete(uid)
      throw error
    }
  }

  /** Whether the Pod's volumes show what they should. */
  isCurrent(pod: Pod): boolean {
    const uid = pod.metadata.uid ?? ''
    const written = this.#written.get(uid)
    return (
      written !== undefined &&
      !written.isStale &&
      written.metadata === metadataOf(pod) &&
      this.renewalMs(uid) > this.#options.clock.now()
    )
  }

  /** When one of the Pod's tokens has to be renewed, in milliseconds since the epoch; Infinity: never. */
  renewalMs(uid: string): number {
    return this.#options.references.renewalMs(uid)
  }

  /** The listener is told the uid of a Pod whose volumes are not current any more. */
  onStale(listener: (uid: string) => void): void {
    this.#options.references.onChange(uid => {
      const written = this.#written.get(uid)
      if (written) this.#written.set(uid, { ...written, isStale: true })
      listener(uid)
    })
  }

  async #setUpAll(pod: Pod): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        await this.#setUp(pod, volume)
      } catch (error) {
        throw failed(volume, error)
      }
    }
  }

  async #setUp(pod: Pod, volume: Volume): Promise<void> {
    const plugin = knownPluginOf(volume)
    if (!plugin) {
      const kind = Object.keys(volume).find(key => key !== 'name')
      throw new VolumeError(`volumes of the kind ${kind} are not known on this node`)
    }
    if (volume.hostPath) return checkHostPath(volume.hostPath.path, volume.hostPath.type)
    const path = this.#path(pod, volume, plugin)
    if (volume.emptyDir) return this.#makeEmptyDir(pod, { path, ...volume.emptyDir })
    const { clock, references, hostIPs, allocatable } = this.#options
    const files = await plugin.files(volume, { pod, references, podIPs: [], hostIPs, allocatable })
    mkdirSync(path, { recursive: true, mode: 0o755 })
    writeAtomically(files, { folder: path, nowMs: clock.now(), group: groupOf(pod) })
  }

  /** Once: what the Pod has written stays, and so do the permissions it has set. */
  async #makeEmptyDir(
    pod: Pod,
    { path, medium, sizeLimit }: { path: string; medium?: string; sizeLimit?: string },
  ): Promise<void> {
    const isMemory = medium === 'Memory'
    if (existsSync(path) && (!isMemory || this.#options.mounts.below(path).includes(path))) return
    if (medium?.startsWith('HugePages'))
      throw new VolumeError(`the medium ${medium} is not known on this node`)
    if (isMemory) {
      mkdirSync(path, { recursive: true })
      const size = sizeLimit ? quantityValue(sizeLimit) : 0
      await this.#options.mounts.mountMemory(path, size > 0 ? { sizeBytes: size } : {})
      this.#share(pod, path)
      return
    }
    const unfinished = `${path}.new`
    mkdirSync(unfinished, { recursive: true })
    this.#share(pod, unfinished)
    renameSync(unfinished, path)
  }

  #share(pod: Pod, path: string): void {
    const group = groupOf(pod)
    // Memory comes with the sticky bit.
    const sticky = statSync(path).mode & 0o1000
    chmodSync(path, sticky | (group === undefined ? sharedMode : sharedMode | groupShared))
    if (group !== undefined) chownSync(path, -1, group)
  }

  /** The folder or file to bind; what a sub path names is made when it is not there. Throws VolumeError. */
  pathOf(pod: Pod, { volume, subPath }: VolumePart): string {
    const plugin = knownPluginOf(volume)
    if (!plugin) throw new VolumeError(`there is no volume ${volume.name}`)
    const root = this.#path(pod, volume, plugin)
    if (subPath === '') return root
    const inside = (path: string) => path === resolvedRoot || path.startsWith(`${resolvedRoot}/`)
    const resolvedRoot = realpathSync(root)
    const outside = new VolumeError(
      `subPath ${JSON.stringify(subPath)} leads out of the volume ${volume.name}`,
    )
    if (subPath.startsWith('/') || subPath.split('/').includes('..')) throw outside
    // Link by link, so that nothing is made where a link leads out of the volume.
    let path = resolvedRoot
    for (const part of subPath.split('/').filter(name => name !== '' && name !== '.')) {
      const next = join(path, part)
      if (!existsSync(next)) {
        mkdirSync(next)
        // With the group and the sticky bit that the volume has.
        chmodSync(next, statSync(resolvedRoot).mode & 0o7777)
      }
      path = realpathSync(next)
      if (!inside(path)) throw outside
    }
    return path
  }

  /** The Pod's /etc/hosts; written anew, in place, as containers keep the file. */
  writeHosts(pod: Pod, text: string): string {
    const path = join(this.#folderOf(pod), 'etc-hosts')
    mkdirSync(this.#folderOf(pod), { recursive: true, mode: privateMode })
    writeFileSync(path, text, { mode: 0o644 })
    return path
  }

  /** Removes everything of a Pod. Idempotent; throws when something is still mounted there. */
  async remove(uid: string): Promise<void> {
    const { mounts, references } = this.#options
    const folder = join(this.#podsFolder, uid)
    references.forget(uid)
    this.#written.delete(uid)
    if (uid === '' || !existsSync(folder)) return
    for (const point of mounts.below(folder)) await mounts.unmount(point)
    const left = mounts.below(folder)
    if (left.length > 0) throw new Error(`Cannot remove the volumes of a Pod: ${left[0]} is still mounted`)
    rmSync(folder, { recursive: true, force: true })
  }

  /** The Pods of which there is something. */
  pods(): string[] {
    return readdirSync(this.#podsFolder)
  }
}
