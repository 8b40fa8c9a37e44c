// ResourceSlice: devices that a driver offers (KEP-4381).
import { type FieldError, required } from '../../fields.ts'
import type { ResourceSlice } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validate({ spec }: ResourceSlice): FieldError[] {
  return [
    ...(spec?.driver ? [] : [required('spec.driver')]),
    ...(spec?.pool?.name ? [] : [required('spec.pool.name')]),
  ]
}

export const resourceSlices = defineResource<ResourceSlice>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  resource: 'resourceslices',
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Node', slice => slice.spec?.nodeName || '<unset>'),
    column('Driver', slice => slice.spec?.driver ?? ''),
    column('Pool', slice => slice.spec?.pool?.name ?? ''),
    ageColumn,
  ],
  selectableFields: {
    'spec.nodeName': slice => slice.spec?.nodeName ?? '',
    'spec.driver': slice => slice.spec?.driver ?? '',
  },
  validate,
})
