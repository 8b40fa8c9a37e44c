// ConfigMap: texts and bytes under file-name keys, at most 1 MiB in all, optionally immutable (KEP-1412).
import { type FieldError, forbiddenField, invalidValue, tooLong } from '../../fields.ts'
import type { ConfigMap } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { byteLength, configMapKey } from '../../meta/names.ts'
import { sameValue } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const sizeLimit = 1024 * 1024
const frozen = 'field is immutable when `immutable` is set'

/** How many bytes a base64 text stands for. */
export function base64Length(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return Math.floor((text.length * 3) / 4) - padding
}

type Data = Readonly<Record<string, string>>

/** In bytes; exact only where it comes near the limit. */
function dataSize(texts: Data = {}, binaries: Data = {}): number {
  let [size, most] = [0, 0]
  for (const key in binaries) size += base64Length(binaries[key]!)
  for (const key in texts) most += texts[key]!.length * 3
  if (size + most <= sizeLimit) return size + most
  for (const key in texts) size += byteLength(texts[key]!)
  return size
}

function validateConfigMap({ data, binaryData }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  for (const key in data) {
    for (const problem of configMapKey(key)) errors.push(invalidValue(`data[${key}]`, key, problem))
    if (binaryData !== undefined && key in binaryData) {
      errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    }
  }
  for (const key in binaryData) {
    for (const problem of configMapKey(key)) errors.push(invalidValue(`binaryData[${key}]`, key, problem))
  }
  if (dataSize(data, binaryData) > sizeLimit) errors.push(tooLong('[]', sizeLimit))
  return errors
}

export const configMaps = defineResource<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  columns: [
    nameColumn,
    column(
      'Data',
      ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    ),
    ageColumn,
  ],
  validate: validateConfigMap,
  validateUpdate(object, previous) {
    if (previous.immutable !== true) return []
    const errors: FieldError[] = []
    if (object.immutable !== true) errors.push(forbiddenField('immutable', frozen))
    for (const field of ['data', 'binaryData'] as const) {
      if (!sameValue(object[field] ?? {}, previous[field] ?? {})) errors.push(forbiddenField(field, frozen))
    }
    return errors
  },
})
