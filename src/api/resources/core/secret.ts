// Secret: bytes under file-name keys, with keys that some types require. `stringData` is a way in only:
// it is folded into `data` on every write (upstream's conversion of v1 Secrets).
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../fields.ts'
import type { Secret } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { configMapKey } from '../../meta/names.ts'
import { immutable, sameValue } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { base64Length } from './configmap.ts'

const sizeLimit = 1024 * 1024
const frozen = 'field is immutable when `immutable` is set'
const accountAnnotation = 'kubernetes.io/service-account.name'

function defaultSecret(secret: Secret): void {
  secret.type ||= 'Opaque'
  if (secret.stringData === undefined) return
  for (const key in secret.stringData) {
    secret.data ??= {}
    secret.data[key] = Buffer.from(secret.stringData[key]!).toString('base64')
  }
  delete secret.stringData
}

function validateSecret(secret: Secret): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const key in secret.data) {
    for (const problem of configMapKey(key)) errors.push(invalidValue(`data[${key}]`, key, problem))
    size += base64Length(secret.data[key]!)
  }
  if (size > sizeLimit) errors.push(tooLong('data', sizeLimit))
  errors.push(...validateType(secret))
  return errors
}

/** What a Secret's type asks of it. */
function validateType({ type, data = {}, metadata }: Secret): FieldError[] {
  const missing = (...keys: string[]) =>
    keys.filter(key => !(key in data)).map(key => required(`data[${key}]`))
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return metadata.annotations?.[accountAnnotation]
        ? []
        : [required(`metadata.annotations[${accountAnnotation}]`)]
    case 'kubernetes.io/dockercfg':
      return validateJSON(data, '.dockercfg')
    case 'kubernetes.io/dockerconfigjson':
      return validateJSON(data, '.dockerconfigjson')
    case 'kubernetes.io/basic-auth': {
      const errors = missing('username', 'password')
      return errors.length === 2 ? errors : []
    }
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')]
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key')
    default:
      return []
  }
}

function validateJSON(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const value = data[key]
  if (value === undefined) return [required(`data[${key}]`)]
  const text = Buffer.from(value, 'base64').toString()
  let detail = 'unexpected end of JSON input'
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && !Array.isArray(parsed)) return []
    const type = Array.isArray(parsed) ? 'array' : typeof parsed === 'boolean' ? 'bool' : typeof parsed
    detail = `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`
  } catch {
    const first = text.trimStart()[0]
    if (first !== undefined && !'{["-0123456789tfn'.includes(first)) {
      detail = `invalid character '${first}' looking for beginning of value`
    }
  }
  return [invalidValue(`data[${key}]`, '<secret contents redacted>', detail)]
}

/** A certificate and a key that do not belong together are let in, with a warning. */
function tlsWarnings({ type, data = {} }: Secret): string[] {
  if (type !== 'kubernetes.io/tls') return []
  const certificate = Buffer.from(data['tls.crt'] ?? '', 'base64')
  const key = Buffer.from(data['tls.key'] ?? '', 'base64')
  const missing = (what: string) => [`tls: failed to find any PEM data in ${what} input`]
  if (!certificate.includes('-----BEGIN ')) return missing('certificate')
  if (!key.includes('-----BEGIN ')) return missing('key')
  try {
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
    return matches ? [] : ['tls: private key does not match public key']
  } catch {
    return ['tls: failed to parse certificate or private key']
  }
}

export const secrets = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  resource: 'secrets',
  namespaced: true,
  columns: [
    nameColumn,
    column('Type', secret => secret.type ?? ''),
    column('Data', ({ data }) => Object.keys(data ?? {}).length),
    ageColumn,
  ],
  selectableFields: { type: secret => secret.type ?? '' },
  default: defaultSecret,
  validate: validateSecret,
  validateUpdate(secret, previous) {
    const errors = immutable(secret.type, previous.type, 'type')
    if (previous.immutable !== true) return errors
    if (secret.immutable !== true) errors.push(forbiddenField('immutable', frozen))
    if (!sameValue(secret.data ?? {}, previous.data ?? {})) errors.push(forbiddenField('data', frozen))
    return errors
  },
  warnings: tlsWarnings,
})
