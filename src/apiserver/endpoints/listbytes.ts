// A list as JSON: its metadata, then its items' bytes one after the other. Items of a list carry neither
// kind nor apiVersion, as upstream's do not; each item's bytes begin with them, so they are skipped by their
// length.
import type { Resource } from '../../api/resource.ts'
import { listMetadata } from '../metadatabytes.ts'
import type { StoredList } from '../registry/registry.ts'

const comma = 0x2c
const brace = 0x7b
const end = Buffer.from(']}\n')

/** How each object's bytes begin: what a list leaves out of its items. */
function prefixOf({ kind, apiVersion }: Resource): Buffer {
  return Buffer.from(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`)
}

export function listBytes(resource: Resource, list: StoredList): Buffer {
  const { listKind, apiVersion } = resource
  const head = Buffer.from(
    `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersion)},` +
      `"metadata":${listMetadata(list)},"items":[`,
  )
  const prefix = prefixOf(resource)
  const skip = prefix.length - 1
  const { items } = list
  const parts: Buffer[] = new Array(items.length)
  let length = head.length + end.length + Math.max(0, items.length - 1)
  for (let index = 0; index < items.length; index++) {
    const { bytes } = items[index]!
    const usual = bytes.length > prefix.length && prefix.compare(bytes, 0, prefix.length) === 0
    parts[index] = usual ? bytes.subarray(skip) : bytes
    length += parts[index]!.length
  }
  const whole = Buffer.allocUnsafe(length)
  let offset = head.copy(whole)
  for (let index = 0; index < parts.length; index++) {
    if (index > 0) whole[offset++] = comma
    const start = offset
    offset += parts[index]!.copy(whole, offset)
    whole[start] = brace
  }
  end.copy(whole, offset)
  return whole
}
