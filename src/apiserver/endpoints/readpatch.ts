// Understands the three kinds of patches by their media types; the patches themselves are pure functions in
// ../patch.
import { loadSchema } from '../../api/schema.ts'
import { unsupportedMediaType } from '../negotiation.ts'
import { jsonPatch } from '../patch/json.ts'
import { mergePatch } from '../patch/merge.ts'
import { strategicMergePatch } from '../patch/strategic.ts'
import type { PatchReader } from './call.ts'

const readers: Readonly<Record<string, PatchReader>> = {
  'application/json-patch+json': (_mediaType, patch) => jsonPatch(patch),
  'application/merge-patch+json': (_mediaType, patch) => mergePatch(patch),
  'application/strategic-merge-patch+json': (mediaType, patch, gvk) => {
    const schema = loadSchema().patchSchemaFor(gvk)
    if (!schema) throw unsupportedMediaType(patchMediaTypes.filter(type => type !== mediaType))
    return strategicMergePatch(patch, schema)
  },
}

export const patchMediaTypes: readonly string[] = Object.keys(readers)

export const readPatch: PatchReader = (mediaType, patch, gvk) => {
  const read = readers[mediaType]
  if (!read) throw unsupportedMediaType(patchMediaTypes)
  return read(mediaType, patch, gvk)
}
