// A list as JSON: its metadata, then its items' bytes one after the other. Items of a list carry neither
// kind nor apiVersion, as upstream's do not; each item's bytes begin with them, so they are skipped by their
// length.
import type { Resource } from '../../api/resource.ts'
import { listMetadata } from '../metadatabytes.ts'
import type { StoredList } from '../registry/registry.ts'

const first = Buffer.from('{')
const next = Buffer.from(',{')
const end = Buffer.from(']}\n')

/** How each object's bytes begin: what a list leaves out of its items. */
function prefixOf({ kind, apiVersion }: Resource): Buffer {
  return Buffer.from(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`)
}

/** Below this size a list is copied into one piece, which is sent faster than many. */
const joinBelowBytes = 1024 * 1024

/** The list in parts; those of a large one are the objects' own bytes, shared with all who read them. */
export function listBytes(resource: Resource, list: StoredList): readonly Buffer[] {
  const { listKind, apiVersion } = resource
  const head = `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersion)},`
  const prefix = prefixOf(resource)
  const parts: Buffer[] = [Buffer.from(`${head}"metadata":${listMetadata(list)},"items":[`)]
  let length = parts[0]!.length
  for (const { bytes } of list.items) {
    const usual = bytes.length > prefix.length && prefix.compare(bytes, 0, prefix.length) === 0
    const rest = bytes.subarray(usual ? prefix.length : 1)
    parts.push(parts.length === 1 ? first : next, rest)
    length += rest.length + 2
  }
  parts.push(end)
  return length < joinBelowBytes ? [Buffer.concat(parts)] : parts
}
