// Decodes the body of a request into an object of the kind that its URL stands for, with the answers of
// k8s.io/apiserver (endpoints/handlers: transformDecodeError, field validation).
import { DecodeError, decodeStruct, emptyObject, type JSONObject } from './decode.ts'
import { parseJSON } from './jsonsyntax.ts'
import { findDuplicateFields } from './jsontext.ts'
import { apiVersionOf, type GroupVersionKind, type KubeObject, parseAPIVersion } from './object.ts'
import { loadSchema, type Schema } from './schema.ts'
import { badRequest } from './status.ts'

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface DecodeOptions {
  /** Default: Warn, as a current API server. */
  readonly fieldValidation?: FieldValidation
  /** Fields that occur twice in the text, from `findDuplicateFields`. */
  readonly duplicates?: readonly string[]
  /** Default: the one of all built-in kinds. */
  readonly schema?: Schema
  /** What to answer to a value that does not fit its type, instead of 400. */
  readonly refuse?: (error: DecodeError) => Error
}

export interface Decoded {
  readonly object: KubeObject
  /** For `Warning` headers: `unknown field "spec.foo"`. */
  readonly warnings: readonly string[]
}

const none: readonly string[] = []

/** The start of a body for a message: as text if it looks like JSON, in hexadecimal otherwise. */
function summarize(text: string): string {
  if (text === '') return '<empty>'
  const bytes = Buffer.from(text)
  const start = bytes.subarray(0, 30).toString(text[0] === '{' ? 'utf8' : 'hex')
  return bytes.length > 30 ? `${start} ...` : start
}

const unrecognized = (kind: string, why: string, text: string) =>
  badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summarize(text)})`)
const noVersionKind = "couldn't get version/kind; json parse error: "

function checkHeader(gvk: GroupVersionKind, value: unknown): asserts value is JSONObject {
  const refuse = (what: string) =>
    unrecognized(gvk.kind, `${noVersionKind}json: cannot unmarshal ${what}`, JSON.stringify(value))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw refuse(
      `${found} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; ` +
        'Kind string "json:\\"kind,omitempty\\"" }',
    )
  }
  for (const name of ['kind', 'apiVersion']) {
    const found = (value as JSONObject)[name]
    if (found === undefined || found === null || typeof found === 'string') continue
    const type = Array.isArray(found) ? 'array' : typeof found === 'boolean' ? 'bool' : typeof found
    throw refuse(`${type} into Go struct field .${name} of type string`)
  }
}

/** What the body says it is must be what the URL stands for. */
function checkKind(schema: Schema, expected: GroupVersionKind, found: GroupVersionKind) {
  const { group, version, kind } = found
  if (kind === expected.kind && group === expected.group && version === expected.version) return
  const start = `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: `
  const struct = schema.kind(found)
  if (!struct) {
    const apiVersion = apiVersionOf(found)
    throw badRequest(
      `${start}no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} ` +
        'in scheme "pkg/api/legacyscheme/scheme.go:30"',
    )
  }
  if (kind === expected.kind) {
    throw badRequest(
      `the API version in the data (${apiVersionOf(found)}) does not match the expected API version ` +
        `(${apiVersionOf(expected)})`,
    )
  }
  const into = `${expected.group === '' ? 'core' : expected.group.split('.')[0]}.${expected.kind}`
  throw badRequest(`${start}converting (${struct.goType}) to (${into}): unknown conversion`)
}

/**
 * Decodes a parsed body, changing it in place where it can. Throws StatusError 400 as an API server words
 * it; with `Strict`, also for fields that are unknown or occur twice.
 */
export function decodeObject(gvk: GroupVersionKind, sent: unknown, options: DecodeOptions = {}): Decoded {
  const schema = options.schema ?? loadSchema()
  // To Go's decoders null is what sets nothing.
  const value = sent === null ? {} : sent
  checkHeader(gvk, value)
  const kind = (value.kind as string | undefined) || gvk.kind
  const apiVersion = value.apiVersion ? (value.apiVersion as string) : apiVersionOf(gvk)
  const found = { ...parseAPIVersion(apiVersion), kind }
  checkKind(schema, gvk, found)
  const struct = schema.kind(gvk)
  if (!struct)
    throw new Error(`Cannot decode ${kind}: ${apiVersion} has no such kind, expected one of the schema`)
  const start = `${kind} in version ${JSON.stringify(found.version)} cannot be handled as a ${gvk.kind}: `
  let decoded: ReturnType<typeof decodeStruct>
  try {
    decoded = decodeStruct(struct, value)
  } catch (error) {
    if (error instanceof DecodeError) throw options.refuse?.(error) ?? badRequest(start + error.message)
    throw error
  }
  const object = decoded.object as unknown as KubeObject
  object.kind = kind
  object.apiVersion = apiVersion
  object.metadata ??= {}
  const problems = [...(options.duplicates ?? none), ...decoded.unknown]
  if (problems.length === 0 || options.fieldValidation === 'Ignore') return { object, warnings: none }
  if (options.fieldValidation !== 'Strict') return { object, warnings: problems }
  throw badRequest(`${start}strict decoding error: ${problems.join(', ')}`)
}

/** Decodes the text of a body: the same, and notices what is no JSON and fields that occur twice. */
export function decodeText(gvk: GroupVersionKind, text: string, options: DecodeOptions = {}): Decoded {
  let value: unknown
  try {
    value = parseJSON(text)
  } catch (error) {
    throw unrecognized(gvk.kind, noVersionKind + (error as Error).message, text)
  }
  const duplicates = options.fieldValidation === 'Ignore' ? none : findDuplicateFields(text, value)
  return decodeObject(gvk, value, { ...options, duplicates })
}

/** Puts back the structs that Go always has, such as an empty `status` after it was reset; in place. */
export function completeObject(gvk: GroupVersionKind, object: KubeObject, schema = loadSchema()): void {
  const fields = object as unknown as JSONObject
  for (const field of schema.kind(gvk)?.embedded ?? []) {
    if (fields[field.name] === undefined) fields[field.name] = emptyObject(field.type.struct!)
  }
}
