// A container image as a tar archive in the OCI image layout (image-spec 1.0), made of files: what
// `ctr images import` reads. The images that must exist where no registry can be reached are made so.
import { createHash } from 'node:crypto'
import { formatTar, type TarEntry } from '../../component/tar.ts'

export interface ImageDescription {
  /** With a registry and a tag: `localhost/futago-pause:1`. */
  readonly name: string
  /** As Go has it: `amd64`, `arm64`. */
  readonly architecture: string
  readonly files: readonly TarEntry[]
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  /** `PATH=/bin`. */
  readonly environment?: readonly string[]
  /** `65535:65535`. */
  readonly user?: string
}

/** Node's word for an architecture -> Go's. */
export const goArchitecture = (architecture: string): string =>
  architecture === 'x64' ? 'amd64' : architecture

const digestOf = (content: Uint8Array) => `sha256:${createHash('sha256').update(content).digest('hex')}`

interface Blob {
  readonly content: Buffer
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number }
}

function blob(mediaType: string, value: Buffer | object): Blob {
  const content = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))
  return { content, descriptor: { mediaType, digest: digestOf(content), size: content.length } }
}

export function formatOCIArchive(image: ImageDescription): Buffer {
  const layer = blob('application/vnd.oci.image.layer.v1.tar', formatTar(image.files))
  const config = blob('application/vnd.oci.image.config.v1+json', {
    architecture: image.architecture,
    os: 'linux',
    config: {
      ...(image.entrypoint ? { Entrypoint: image.entrypoint } : {}),
      ...(image.command ? { Cmd: image.command } : {}),
      ...(image.environment ? { Env: image.environment } : {}),
      ...(image.user ? { User: image.user } : {}),
    },
    rootfs: { type: 'layers', diff_ids: [layer.descriptor.digest] },
  })
  const manifestType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = blob(manifestType, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: config.descriptor,
    layers: [layer.descriptor],
  })
  const annotations = {
    'io.containerd.image.name': image.name,
    'org.opencontainers.image.ref.name': image.name.slice(image.name.lastIndexOf(':') + 1),
  }
  const index = { schemaVersion: 2, manifests: [{ ...manifest.descriptor, annotations }] }
  return formatTar([
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: JSON.stringify(index) },
    { path: 'blobs/' },
    { path: 'blobs/sha256/' },
    ...[layer, config, manifest].map(({ content, descriptor }) => ({
      path: `blobs/${descriptor.digest.replace(':', '/')}`,
      content,
    })),
  ])
}
