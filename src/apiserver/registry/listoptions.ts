// The options of list and watch that are about revisions: their rules and messages, as apimachinery's
// metainternalversion/validation has them, and the continue token of apiserver's pkg/storage/continue.go.
import { type FieldError, forbiddenField, invalid, notSupported } from '../../api/fields.ts'
import { badRequest } from '../../api/status.ts'
import type { ListOptions, WatchOptions } from './registry.ts'

const listKind = { group: 'meta.k8s.io', resource: 'listoptions', kind: 'ListOptions' }
const field = 'resourceVersionMatch'

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(listKind, '', errors)
}

export function checkListOptions(options: ListOptions): void {
  const { resourceVersionMatch: match = '', resourceVersion = '' } = options
  if (match === '') return
  const errors: FieldError[] = []
  if (resourceVersion === '') {
    errors.push(forbiddenField(field, `${field} is forbidden unless resourceVersion is provided`))
  }
  if (options.continue) errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`))
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']))
  }
  if (match === 'Exact' && resourceVersion === '0') {
    errors.push(forbiddenField(field, `${field} "exact" is forbidden for resourceVersion "0"`))
  }
  refuse(errors)
}

export function checkWatchOptions(options: WatchOptions): void {
  const { resourceVersionMatch: match = '', sendInitialEvents } = options
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbiddenField(field, `sendInitialEvents requires setting ${field} to NotOlderThan`))
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      errors.push(
        forbiddenField(field, `${field} is forbidden for watch unless sendInitialEvents is provided`),
      )
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']))
    if (options.continue)
      errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`))
  }
  refuse(errors)
}

/** Absent and empty: undefined. */
export function parseResourceVersion(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const revision = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(revision)) return revision
  const problem = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'
  const detail = `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${problem}`
  // Upstream answers with 500, which clients take for a fault of the server.
  throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: ${detail}`)
}

/** Where the next page begins. */
export interface ContinueToken {
  /** Of the first page; -1: whatever is newest now. */
  readonly revision: number
  /** The last key of the page before, without the resource's prefix. */
  readonly after: string
}

/** Upstream's tokens name the first key of the rest, which is the last one seen and a zero byte. */
export function formatContinue({ revision, after }: ContinueToken): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: `${after}\u0000` }
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

export function parseContinue(text: string): ContinueToken {
  const decoded = Buffer.from(text, 'base64url').toString()
  let token: unknown
  try {
    token = JSON.parse(decoded)
  } catch {
    const first = decoded.charAt(0)
    throw invalidToken(
      first === '{' || first === ''
        ? 'unexpected end of JSON input'
        : `invalid character '${first}' looking for beginning of value`,
    )
  }
  const { v, rv, start } = (token ?? {}) as { v?: unknown; rv?: unknown; start?: unknown }
  if (v !== 'meta.k8s.io/v1') throw invalidToken(`server does not recognize this encoded version ${show(v)}`)
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken('encoded start key empty (version meta.k8s.io/v1)')
  }
  if (start.startsWith('/') || start.split('/').includes('..')) {
    throw invalidToken(`encoded start key ${show(start)} is no key of this resource`)
  }
  return { revision: rv, after: start.endsWith('\u0000') ? start.slice(0, -1) : start }
}

const show = (value: unknown) => JSON.stringify(value) ?? '""'
const invalidToken = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`)
