// What a volume source is to the kubelet: something that yields files, named relative to where it is
// mounted. Sources are asked only when somebody looks, so that a thousand idle Pods hold no copies of their
// Secrets.
import type { Pod, Volume } from '../../api/generated/types.ts'
import type { DownwardContext } from '../fieldpath.ts'
import type { References } from '../references.ts'

export interface VolumeFile {
  readonly content: Buffer
  /** Permission bits. */
  readonly mode: number
  /** The user id; absent: the node's own. */
  readonly owner?: number
}

/** By their paths below the volume's root. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>

export const defaultFileMode = 0o644

export interface VolumeContext extends DownwardContext {
  readonly pod: Pod
  readonly references: References
}

export interface VolumeReference {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  /** False: it must exist before the Pod can start. */
  readonly isOptional: boolean
  /** Keys that must be there. */
  readonly keys: readonly string[]
}

/** A volume cannot be set up; the message ends that of the FailedMount event. */
export class VolumeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'VolumeError'
  }
}

export interface VolumePlugin {
  /** The field of the Volume that belongs to it. */
  readonly source: keyof Volume
  /** Upstream's name of the plugin, which is part of paths on a node. */
  readonly id: string
  /** Containers may write to it, and share what they write. */
  readonly isWritable: boolean
  references(volume: Volume): readonly VolumeReference[]
  /** Throws VolumeError. */
  files(volume: Volume, context: VolumeContext): Promise<VolumeFiles>
}

export interface KeyToPath {
  readonly key: string
  readonly path: string
  readonly mode?: number
}

/** All keys, or the chosen ones under their paths. */
export function selectKeys(
  data: Readonly<Record<string, Buffer>>,
  items: readonly KeyToPath[] | undefined,
  options: {
    readonly optional: boolean
    readonly defaultMode: number
    readonly missing: (key: string) => string
  },
): VolumeFiles {
  const { defaultMode } = options
  if (!items?.length) {
    return new Map(Object.entries(data).map(([key, content]) => [key, { content, mode: defaultMode }]))
  }
  const files = new Map<string, VolumeFile>()
  for (const { key, path, mode = defaultMode } of items) {
    const content = data[key]
    if (content) files.set(path, { content, mode })
    else if (!options.optional) throw new VolumeError(options.missing(key))
  }
  return files
}
