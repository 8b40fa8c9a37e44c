// Image names as a container runtime reports them, and what a few well-known images run when a container
// names no command. Everything else is taken for a server that runs until it is stopped.
import { createHash } from 'node:crypto'

export interface ImageName {
  /** `docker.io/library/nginx:latest`. */
  readonly image: string
  /** `docker.io/library/nginx@sha256:...`; the digest is made of the name. */
  readonly imageID: string
  readonly registry: string
}

const known = new Map<string, ImageName>()

/** As the reference grammar of the distribution project: [registry/]path[:tag][@digest]. */
const path = '((?:[a-z0-9]+(?:[._/-]+[a-z0-9]+)*|[\\w.:[\\]-]+/[a-z0-9._/-]+))'
const reference = new RegExp(`^${path}(?::(\\w[\\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$`)

export function imageName(text: string): ImageName | undefined {
  const cached = known.get(text)
  if (cached) return cached
  const [, path = '', tag, digest] = reference.exec(text) ?? []
  if (!path) return undefined
  const first = path.slice(0, Math.max(0, path.indexOf('/')))
  const hasRegistry = /[.:]/.test(first) || first === 'localhost'
  const registry = hasRegistry ? first : 'docker.io'
  const prefix = path.includes('/') ? 'docker.io/' : 'docker.io/library/'
  const full = hasRegistry ? path : `${prefix}${path}`
  const image = digest ? `${full}@${digest}` : `${full}:${tag ?? 'latest'}`
  const imageID = `${full}@${digest ?? `sha256:${createHash('sha256').update(image).digest('hex')}`}`
  const name = { image, imageID, registry }
  if (known.size >= 1000) known.clear()
  known.set(text, name)
  return name
}

const commands: Readonly<Record<string, readonly string[]>> = {
  alpine: ['/bin/sh'],
  bash: ['bash'],
  busybox: ['sh'],
  debian: ['bash'],
  fedora: ['/bin/bash'],
  'hello-world': ['echo', 'Hello from Docker!'],
  ubuntu: ['/bin/bash'],
}

/** Undefined: a server of which nothing is known. */
export function imageCommand(image: string): readonly string[] | undefined {
  const name = imageName(image)?.image ?? ''
  const repository = name.replace(/[:@][^/]*$/, '')
  return commands[repository.slice(repository.lastIndexOf('/') + 1)]
}

/** Bytes; no more than a likely number, the same for the same image. */
export const imageSize = (image: string): number => 1_000_000 + ((image.length * 7_919_993) % 90_000_000)
