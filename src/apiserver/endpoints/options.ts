// Reads and checks the options of each verb from query and body, with the messages of apimachinery's
// pkg/apis/meta/v1/validation.
import { DecodeError, decodeStruct, type JSONObject } from '../../api/decode.ts'
import type { FieldValidation } from '../../api/decodeobject.ts'
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidValue,
  notSupported,
  tooLong,
} from '../../api/fields.ts'
import { loadSchema } from '../../api/schema.ts'
import { badRequest } from '../../api/status.ts'
import type { Query } from '../query.ts'
import type { DeleteOptions, ListOptions } from '../registry/registry.ts'
import { readValue } from './body.ts'
import type { Call } from './call.ts'

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions'

function refuse(kind: OptionsKind, errors: readonly FieldError[]) {
  if (errors.length === 0) return
  throw invalid({ group: 'meta.k8s.io', resource: kind.toLowerCase(), kind }, '', errors)
}

const checkDryRun = (values: readonly string[]) =>
  values.every(value => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])]

const fieldValidations: readonly string[] = ['', 'Ignore', 'Strict', 'Warn']

function checkFieldValidation(value: string): readonly FieldError[] {
  return fieldValidations.includes(value) ? [] : [notSupported('fieldValidation', value, fieldValidations)]
}

const maxFieldManagerLength = 128

function checkFieldManager(value: string): readonly FieldError[] {
  if (Buffer.byteLength(value) > maxFieldManagerLength)
    return [tooLong('fieldManager', maxFieldManagerLength)]
  const bad = [...value].findIndex(char => /[\p{C}\p{Zl}\p{Zp}]/u.test(char))
  if (bad < 0) return []
  const code = [...value][bad]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  return [invalidValue('fieldManager', value, `invalid character U+${code} (at position ${bad})`)]
}

export interface WriteRequestOptions {
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
}

const defaultWriteOptions: WriteRequestOptions = { dryRun: false, fieldValidation: 'Warn' }

export function writeOptionsOf(query: Query, kind: OptionsKind): WriteRequestOptions {
  if (query.isEmpty) return defaultWriteOptions
  const dryRun = query.all('dryRun')
  const fieldValidation = query.get('fieldValidation') ?? ''
  const force = kind === 'PatchOptions' && query.has('force')
  refuse(kind, [
    ...(force ? [forbiddenField('force', 'may not be specified for non-apply patch')] : []),
    ...checkFieldManager(query.get('fieldManager') ?? ''),
    ...checkDryRun(dryRun),
    ...checkFieldValidation(fieldValidation),
  ])
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
  }
}

/** What a list, a watch or a deletecollection selects; the registry checks the values. */
export function listOptionsOf(call: Call): ListOptions {
  const { query, info, resource } = call
  const base = resource.namespaced && info.namespace !== '' ? { namespace: info.namespace } : {}
  // A name comes from the old watch paths, or is the fieldSelector's own.
  const byPath = info.parts[1] !== undefined && info.parts[1] !== ''
  const selector = byPath ? { fieldSelector: `metadata.name=${info.name}` } : {}
  if (query.isEmpty) return { ...base, ...selector }
  const limit = query.integer('limit')
  query.integer('timeoutSeconds')
  const text = (name: string) => {
    const value = query.get(name)
    return value ? { [name]: value } : {}
  }
  return {
    ...base,
    ...text('labelSelector'),
    ...text('fieldSelector'),
    ...selector,
    ...text('continue'),
    ...text('resourceVersion'),
    ...text('resourceVersionMatch'),
    ...(limit ? { limit } : {}),
  }
}

const policies: readonly string[] = ['Foreground', 'Background', 'Orphan']

interface RawDeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: string
  readonly orphanDependents?: boolean
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: readonly string[]
}

function fromQuery(query: Query): RawDeleteOptions {
  const grace = query.integer('gracePeriodSeconds')
  const orphan = query.has('orphanDependents') ? query.flag('orphanDependents') : undefined
  const policy = query.get('propagationPolicy')
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(orphan === undefined ? {} : { orphanDependents: orphan }),
    dryRun: query.all('dryRun'),
  }
}

/** What does not fit its type must not be taken for what was left out: it would delete. */
function fromBody(sent: unknown): RawDeleteOptions {
  if (sent === null) return {}
  if (typeof sent !== 'object' || Array.isArray(sent)) {
    throw badRequest('the body of a deletion must be DeleteOptions')
  }
  const { kind } = sent as { readonly kind?: unknown }
  if (kind && kind !== 'DeleteOptions') {
    throw badRequest(`${typeof kind === 'string' ? kind : 'the body'} cannot be handled as DeleteOptions`)
  }
  const struct = loadSchema().kind({ group: '', version: 'v1', kind: 'DeleteOptions' })!
  try {
    return decodeStruct(struct, sent as JSONObject).object
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message)
    throw error
  }
}

async function rawDeleteOptions(call: Call): Promise<RawDeleteOptions> {
  const sent = await readValue(call, 'DeleteOptions')
  if (sent === undefined) return fromQuery(call.query)
  const options = fromBody(sent)
  const dryRun = call.query.all('dryRun')
  return dryRun.length > 0 && options.dryRun === undefined ? { ...options, dryRun } : options
}

function checkDeletion(raw: RawDeleteOptions): readonly FieldError[] {
  const { propagationPolicy: policy, orphanDependents, dryRun = [] } = raw
  const both = 'orphanDependents and deletionPropagation cannot be both set'
  return [
    ...(policy !== undefined && orphanDependents !== undefined
      ? [invalidValue('propagationPolicy', policy, both)]
      : []),
    ...(policy !== undefined && !policies.includes(policy)
      ? [notSupported('propagationPolicy', policy, [...policies, 'nil'])]
      : []),
    ...checkDryRun(dryRun),
  ]
}

/** From the body, or from the query when there is no body, as upstream. */
export async function deleteOptionsOf(call: Call): Promise<DeleteOptions> {
  const { dryRun = [], ...raw } = await rawDeleteOptions(call)
  refuse('DeleteOptions', checkDeletion({ ...raw, dryRun }))
  const { gracePeriodSeconds, propagationPolicy: policy, orphanDependents, preconditions } = raw
  return {
    dryRun: dryRun.length > 0,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(policy === undefined ? {} : { propagationPolicy: policy as DeleteOptions['propagationPolicy'] }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(preconditions ? { preconditions } : {}),
  } as DeleteOptions
}
