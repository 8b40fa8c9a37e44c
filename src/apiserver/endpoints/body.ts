// From a request's body to an object of the expected kind. What the body may be is the schema's to say
// (api/decodeobject.ts); here is where it comes from: JSON, YAML,
// protobuf, or a value of this process.
import { type DecodeOptions, decodeObject, decodeText, type FieldValidation } from '../../api/decodeobject.ts'
import { parseJSON } from '../../api/jsonsyntax.ts'
import type { GroupVersionKind, KubeObject } from '../../api/object.ts'
import { badRequest } from '../../api/status.ts'
import { negotiateInput } from '../negotiation.ts'
import type { Call } from './call.ts'
import { parseYAML } from './yaml.ts'

/** Either text that is JSON or should be, or a value; neither when there is no body. */
export type ReadBody = { readonly text: string } | { readonly value: unknown }

/** `kind` is what the body should be, for errors. The value belongs to the caller. */
export async function readBody({ body }: Call, kind: string): Promise<ReadBody> {
  if (body.value) return { value: body.value() }
  const bytes = await body.bytes()
  const format = bytes.length === 0 ? 'json' : negotiateInput(body.contentType)
  if (format === 'yaml') return { value: await parseYAML(bytes.toString(), kind) }
  if (format === 'json') return { text: bytes.toString() }
  const { decodeProtobuf } = await import('../../api/protobufdecode.ts')
  return { value: await decodeProtobuf(bytes) }
}

/** Any JSON or YAML; undefined when there is no body. */
export async function readValue(call: Call, kind: string): Promise<unknown> {
  const body = await readBody(call, kind)
  if ('value' in body) return body.value
  if (body.text === '') return undefined
  try {
    return parseJSON(body.text)
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`)
  }
}

export interface Expected {
  readonly gvk: GroupVersionKind
  readonly fieldValidation: FieldValidation
  /** What to answer to a value that does not fit its type, instead of 400. */
  readonly refuse?: DecodeOptions['refuse']
}

/** A value that `body` holds belongs to the result. Throws BadRequest. */
export function decodeAs(call: Call, body: ReadBody, expected: Expected): KubeObject {
  const { gvk, ...options } = expected
  const { object, warnings } =
    'text' in body ? decodeText(gvk, body.text, options) : decodeObject(gvk, body.value, options)
  for (const warning of warnings) call.context.warn(warning)
  object.metadata ??= {}
  return object
}

/** The body as an object of the expected kind. */
export async function decodeBody(call: Call, expected: Expected): Promise<KubeObject> {
  return decodeAs(call, await readBody(call, expected.gvk.kind), expected)
}
