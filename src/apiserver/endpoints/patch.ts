// PATCH of an object or one of its subresources: the patch is applied to what is stored, in the resource's
// own version, and the result goes the way of an update (k8s.io/apiserver pkg/endpoints/handlers/patch.go).
import type { DecodeError } from '../../api/decode.ts'
import { invalid, invalidValue } from '../../api/fields.ts'
import { parseJSON } from '../../api/jsonsyntax.ts'
import type { GroupVersionKind, KubeObject } from '../../api/object.ts'
import { badRequest, notFound, type StatusError } from '../../api/status.ts'
import { mediaTypeOf, unsupportedMediaType } from '../negotiation.ts'
import { formatGo } from '../patch/errors.ts'
import type { Transform } from '../registry/registry.ts'
import { decodeAs } from './body.ts'
import { type Call, cloneJSON, type Endpoint, type Patcher, targetOf } from './call.ts'
import { writeOptionsOf } from './options.ts'
import { patchMediaTypes } from './readpatch.ts'
import { checkName } from './update.ts'

async function patchValue({ body }: Call): Promise<unknown> {
  if (body.value) return body.value()
  const text = (await body.bytes()).toString()
  try {
    return parseJSON(text)
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`)
  }
}

interface ReadPatch {
  readonly apply: Patcher
  /** For what fits the patch's own rules, but not the types of the fields; `value` is what came of it. */
  readonly refuse: (error: DecodeError, value: unknown) => StatusError
}

async function readPatchFor(call: Call, gvk: GroupVersionKind): Promise<ReadPatch> {
  const type = mediaTypeOf(call.body.contentType)
  if (!patchMediaTypes.includes(type)) throw unsupportedMediaType(patchMediaTypes)
  const patch = await patchValue(call)
  const apply = await call.readPatch(type, patch, gvk)
  const nothing = { group: '', resource: '', kind: '' }
  const refuse = (text: string, why: string) => invalid(nothing, '', [invalidValue('patch', text, why)])
  return {
    apply,
    refuse: type.includes('strategic')
      ? ({ conversion }) => refuse(formatGo(patch), conversion)
      : ({ message }, value) => refuse(JSON.stringify(value), message),
  }
}

export interface PatchTransform {
  readonly dryRun: boolean
  readonly transform: Transform
  readonly keepsCurrent: boolean
}

/** What the request's patch makes of the object that is stored; `gvk` is the kind of object and result. */
export async function patchTransform(call: Call, gvk: GroupVersionKind): Promise<PatchTransform> {
  const { apply, refuse } = await readPatchFor(call, gvk)
  const { dryRun, fieldValidation } = writeOptionsOf(call.query, 'PatchOptions')
  const transform = (current: KubeObject | undefined) => {
    if (!current) throw notFound(call.resource, call.info.name)
    // What the patch left alone is shared with the stored object.
    const value = cloneJSON(apply(current))
    const decoded = { gvk, fieldValidation, refuse: (error: DecodeError) => refuse(error, value) }
    const object = decodeAs(call, { value }, decoded)
    checkName(call, object)
    return object
  }
  // A JSON patch can tell an absent field from one that is undefined, which only a parsed object never has.
  const keepsCurrent = mediaTypeOf(call.body.contentType) !== 'application/json-patch+json'
  return { dryRun, transform, keepsCurrent }
}

export const patchObject: Endpoint = async call => {
  const { subresource } = call.info
  const { stored, created } = await call.registry.update(call.context, targetOf(call), {
    ...(await patchTransform(call, call.resource)),
    isPatch: true,
    ...(subresource === '' ? {} : { subresource }),
  })
  return { type: 'stored', status: created ? 201 : 200, stored }
}
