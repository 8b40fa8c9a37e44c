// Understands the three kinds of patches by their media types; the patches themselves are pure functions in
// ../patch.
import { loadSchema } from '../../api/schema.ts'
import { badRequest } from '../../api/status.ts'
import { unsupportedMediaType } from '../negotiation.ts'
import { isObject, mergePatch } from '../patch/merge.ts'
import { strategicMergePatch } from '../patch/strategic.ts'
import type { Patcher, PatchReader } from './call.ts'

const readers: Readonly<Record<string, PatchReader>> = {
  'application/json-patch+json': async (_mediaType, patch) => {
    const { readJSONPatch } = await import('../patch/json.ts')
    return readJSONPatch(patch) as Promise<Patcher>
  },
  'application/merge-patch+json': (_mediaType, patch) => {
    if (!isObject(patch)) throw badRequest('error decoding patch: expected an object')
    return current => mergePatch(current, patch)
  },
  'application/strategic-merge-patch+json': (mediaType, patch, gvk) => {
    const schema = loadSchema().patchSchemaFor(gvk)
    if (!schema) throw unsupportedMediaType(patchMediaTypes.filter(type => type !== mediaType))
    return current => strategicMergePatch(current, patch, schema)
  },
}

export const patchMediaTypes: readonly string[] = Object.keys(readers)

export const readPatch: PatchReader = (mediaType, patch, gvk) => {
  const read = readers[mediaType]
  if (!read) throw unsupportedMediaType(patchMediaTypes)
  return read(mediaType, patch, gvk)
}
