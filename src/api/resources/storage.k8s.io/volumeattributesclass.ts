// VolumeAttributesClass: attributes of volumes that can be changed later (KEP-3751).
import { type FieldError, forbiddenField, required } from '../../fields.ts'
import type { VolumeAttributesClass } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { sameValue } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validateUpdate(updated: VolumeAttributesClass, previous: VolumeAttributesClass): FieldError[] {
  return [
    ...(updated.driverName === previous.driverName
      ? []
      : [forbiddenField('driverName', 'updates to driverName are forbidden.')]),
    ...(sameValue(updated.parameters, previous.parameters)
      ? []
      : [forbiddenField('parameters', 'updates to parameters are forbidden.')]),
  ]
}

export const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  resource: 'volumeattributesclasses',
  shortNames: ['vac'],
  namespaced: false,
  columns: [nameColumn, column('DriverName', attributesClass => attributesClass.driverName), ageColumn],
  validate: ({ driverName }) => (driverName ? [] : [required('driverName')]),
  validateUpdate,
})
