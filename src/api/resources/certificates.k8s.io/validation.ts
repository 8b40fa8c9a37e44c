// What a CertificateSigningRequest may hold, and what each of its doors may change: the request itself
// nothing, `approval` whether it is approved or denied, `status` the rest of the conditions and, once, the
// certificate (upstream's pkg/apis/certificates/validation).
import { X509Certificate } from 'node:crypto'
import { parseCertificateRequest } from '../../../x509/certificaterequest.ts'
import { decodePEM } from '../../../x509/pem.ts'
import { keyUsages } from '../../../x509/usages.ts'
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../fields.ts'
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../generated/types.ts'
import { sameValue } from '../../meta/objectmeta.ts'
import { validateSignerName } from './signername.ts'

const conditionsField = 'status.conditions'
const certificateField = 'status.certificate'
/** Conditions that are there or not, and never False. */
const verdicts = ['Approved', 'Denied', 'Failed']
const fewestSeconds = 600

const textOf = (base64: string) => Buffer.from(base64, 'base64').toString('latin1')
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

function validateRequest(request: string): FieldError[] {
  try {
    parseCertificateRequest(textOf(request))
    return []
  } catch (error) {
    return [invalidValue('spec.request', request, messageOf(error))]
  }
}

function validateUsages(usages: readonly string[] = []): FieldError[] {
  if (usages.length === 0) return [required('spec.usages', 'usages must be provided')]
  const unknown = usages.flatMap((usage, index) =>
    keyUsages.includes(usage) ? [] : [notSupported(`spec.usages[${index}]`, usage, keyUsages)],
  )
  const twice = usages.flatMap((usage, index) =>
    usages.indexOf(usage) < index ? [duplicate(`spec.usages[${index}]`, usage)] : [],
  )
  return [...unknown, ...twice]
}

function validateCertificate(certificate: string | undefined): string | undefined {
  if (!certificate) return undefined
  const blocks = decodePEM(textOf(certificate))
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block'
  for (const { label, bytes, hasHeaders } of blocks) {
    if (label !== 'CERTIFICATE') {
      return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(label)}`
    }
    if (hasHeaders) return 'no PEM block headers are permitted'
    try {
      new X509Certificate(bytes)
    } catch {
      return 'x509: malformed certificate'
    }
  }
  return undefined
}

function validateStatusOf({ type, status }: CertificateSigningRequestCondition, field: string): FieldError[] {
  const values = verdicts.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
  if (!status) return [required(`${field}.status`)]
  return values.includes(status) ? [] : [notSupported(`${field}.status`, status, values)]
}

function validateConditions(conditions: readonly CertificateSigningRequestCondition[]): FieldError[] {
  const contrary: Readonly<Record<string, string>> = { Approved: 'Denied', Denied: 'Approved' }
  return conditions.flatMap((condition, index) => {
    const field = `${conditionsField}[${index}]`
    const { type } = condition
    const before = conditions.slice(0, index).map(earlier => earlier.type)
    const exclusive = 'Approved and Denied conditions are mutually exclusive'
    return [
      ...(type ? [] : [required(`${field}.type`)]),
      ...validateStatusOf(condition, field),
      ...(before.includes(contrary[type] ?? '') && contrary[type]
        ? [invalidValue(`${field}.type`, type, exclusive)]
        : []),
      ...(before.includes(type) ? [duplicate(`${field}.type`, type)] : []),
    ]
  })
}

function validateAll({ spec, status }: CertificateSigningRequest): FieldError[] {
  const { request, usages, signerName, expirationSeconds } = spec
  const problem = validateCertificate(status?.certificate)
  const tooShort = 'may not specify a duration less than 600 seconds (10 minutes)'
  return [
    ...validateRequest(request ?? ''),
    ...validateUsages(usages),
    ...validateSignerName(signerName ?? ''),
    ...(expirationSeconds !== undefined && expirationSeconds < fewestSeconds
      ? [invalidValue('spec.expirationSeconds', expirationSeconds, tooShort)]
      : []),
    ...validateConditions(status?.conditions ?? []),
    ...(problem ? [invalidValue(certificateField, '<certificate data>', problem)] : []),
  ]
}

export const validateCreate = validateAll

interface Doors {
  readonly setsVerdict?: boolean
  readonly setsCertificate?: boolean
}

const ofType = ({ status }: CertificateSigningRequest, type: string) =>
  (status?.conditions ?? []).filter(condition => condition.type === type)

function validateVerdicts(
  object: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  { setsVerdict }: Doors,
): FieldError[] {
  return verdicts.flatMap(type => {
    const [after, before] = [ofType(object, type), ofType(previous, type)]
    const refuse = (what: string) => [
      forbiddenField(conditionsField, `updates may not ${what} a condition of type ${JSON.stringify(type)}`),
    ]
    if (after.length < before.length) return refuse('remove')
    if (setsVerdict || type === 'Failed') return []
    if (after.length > before.length) return refuse('add')
    return sameValue(after, before) ? [] : refuse('modify')
  })
}

function validateChange(
  object: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  doors: Doors,
): FieldError[] {
  const [after = '', before = ''] = [object.status?.certificate, previous.status?.certificate]
  const problem = !doors.setsCertificate
    ? 'updates may not set certificate content'
    : before !== '' && 'updates may not modify existing certificate content'
  return [
    ...validateAll(object),
    ...validateVerdicts(object, previous, doors),
    ...(after !== before && problem ? [forbiddenField(certificateField, problem)] : []),
  ]
}

type Change = (object: CertificateSigningRequest, previous: CertificateSigningRequest) => FieldError[]

export const validateUpdate: Change = (object, previous) => validateChange(object, previous, {})
export const validateStatusUpdate: Change = (object, previous) =>
  validateChange(object, previous, { setsCertificate: true })
export const validateApprovalUpdate: Change = (object, previous) =>
  validateChange(object, previous, { setsVerdict: true })
