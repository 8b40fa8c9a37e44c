// What a volume source is to the kubelet: something that yields files, named relative to where it is
// mounted. Sources are asked only when somebody looks, so that a thousand idle Pods hold no copies of their
// Secrets.
import type { Pod, Volume } from '../../api/generated/types.ts'
import type { DownwardContext } from '../fieldpath.ts'
import type { References } from '../references.ts'

export type VolumeFiles = ReadonlyMap<string, Buffer>

export interface VolumeContext extends DownwardContext {
  readonly pod: Pod
  readonly references: References
}

/** What must exist before the Pod can start. */
export interface VolumeReference {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
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
  /** Containers may write to it, and share what they write. */
  readonly isWritable: boolean
  references(volume: Volume): readonly VolumeReference[]
  /** Throws VolumeError. */
  files(volume: Volume, context: VolumeContext): Promise<VolumeFiles>
}

export interface KeyToPath {
  readonly key: string
  readonly path: string
}

/** All keys, or the chosen ones under their paths. */
export function selectKeys(
  data: Readonly<Record<string, Buffer>>,
  items: readonly KeyToPath[] | undefined,
  options: { readonly optional: boolean; readonly missing: (key: string) => string },
): VolumeFiles {
  if (!items?.length) return new Map(Object.keys(data).map(key => [key, data[key] ?? Buffer.alloc(0)]))
  const files = new Map<string, Buffer>()
  for (const { key, path } of items) {
    const content = data[key]
    if (content) files.set(path, content)
    else if (!options.optional) throw new VolumeError(options.missing(key))
  }
  return files
}
