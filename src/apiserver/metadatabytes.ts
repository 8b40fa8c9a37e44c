// Cuts the metadata out of an object's bytes without parsing them, and renders PartialObjectMetadata from
// it: what Tables and metadata-only clients (garbage collectors, `kubectl get`) are sent.
import type { MetaVersion } from './negotiation.ts'
import type { StoredList, StoredObject } from './registry/registry.ts'

const before = /^\{(?:"(?:kind|apiVersion)":"[^"\\]*",){0,2}"metadata":\{/
const quote = 0x22
const backslash = 0x5c
const open = 0x7b
const close = 0x7d

/** Index after the `}` that closes the object which begins at `start`. */
function endOfObject(bytes: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      do {
        at = bytes.indexOf(quote, at + 1)
      } while (isEscaped(bytes, at))
    } else if (byte === open) {
      depth++
    } else if (byte === close && --depth === 0) {
      return at + 1
    }
  }
  return bytes.length
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let first = at
  while (bytes[first - 1] === backslash) first--
  return (at - first) % 2 === 1
}

const cut = new WeakMap<StoredObject, Buffer>()

function cutMetadata({ bytes, object }: StoredObject): Buffer {
  const match = before.exec(bytes.toString('latin1', 0, 300))
  if (!match) return Buffer.from(JSON.stringify(object.metadata))
  const start = match[0].length - 1
  return bytes.subarray(start, endOfObject(bytes, start))
}

/** The JSON of an object's metadata: a view of its bytes. */
export function metadataBytes(stored: StoredObject): Buffer {
  const known = cut.get(stored)
  if (known) return known
  const made = cutMetadata(stored)
  cut.set(stored, made)
  return made
}

const startOf = (version: MetaVersion) =>
  Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"${version}","metadata":`)

export const partialStart: Readonly<Record<MetaVersion, Buffer>> = {
  'meta.k8s.io/v1': startOf('meta.k8s.io/v1'),
  'meta.k8s.io/v1beta1': startOf('meta.k8s.io/v1beta1'),
}
const end = Buffer.from('}')

/** The object as PartialObjectMetadata. */
export const partialObject = (stored: StoredObject, version: MetaVersion = 'meta.k8s.io/v1'): Buffer =>
  Buffer.concat([partialStart[version], metadataBytes(stored), end])

/** What a list says of itself: resourceVersion, continue, remainingItemCount. */
export function listMetadata(list: Omit<StoredList, 'items'>): string {
  const { resourceVersion, continue: token, remainingItemCount } = list
  return JSON.stringify({
    resourceVersion,
    ...(token === undefined ? {} : { continue: token }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  })
}

/** A list as PartialObjectMetadataList. */
export function partialObjectList(list: StoredList, version: MetaVersion = 'meta.k8s.io/v1'): Buffer {
  const kind = `"kind":"PartialObjectMetadataList","apiVersion":"${version}"`
  const parts: Buffer[] = [Buffer.from(`{${kind},"metadata":${listMetadata(list)},"items":[`)]
  const between = Buffer.from(',')
  for (const [index, stored] of list.items.entries()) {
    if (index > 0) parts.push(between)
    parts.push(partialStart[version], metadataBytes(stored), end)
  }
  parts.push(Buffer.from(']}'))
  return Buffer.concat(parts)
}
