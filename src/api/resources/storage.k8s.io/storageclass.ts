// StorageClass: a kind of storage that claims can ask for.
import { type FieldError, forbiddenField, required } from '../../fields.ts'
import type { StorageClass } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { sameValue } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

const isDefault = ({ metadata }: StorageClass) =>
  metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ||
  metadata.annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true'

function validateUpdate(storageClass: StorageClass, previous: StorageClass): FieldError[] {
  const text = {
    parameters: 'updates to parameters are forbidden.',
    provisioner: 'updates to provisioner are forbidden.',
    reclaimPolicy: 'updates to reclaimPolicy are forbidden.',
    volumeBindingMode: 'updates to volumeBindingMode are forbidden.',
  } as const
  return (Object.keys(text) as (keyof typeof text)[])
    .filter(field => !sameValue(storageClass[field], previous[field]))
    .map(field => forbiddenField(field, text[field]))
}

export const storageClasses = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  resource: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  columns: [
    {
      ...nameColumn,
      cell: (storageClass: StorageClass) =>
        `${storageClass.metadata.name ?? ''}${isDefault(storageClass) ? ' (default)' : ''}`,
    },
    column('Provisioner', storageClass => storageClass.provisioner),
    column('ReclaimPolicy', storageClass => storageClass.reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', storageClass => storageClass.volumeBindingMode ?? 'Immediate'),
    column('AllowVolumeExpansion', storageClass => storageClass.allowVolumeExpansion ?? false),
    ageColumn,
  ],
  default: storageClass => {
    storageClass.reclaimPolicy ??= 'Delete'
    storageClass.volumeBindingMode ??= 'Immediate'
  },
  validate: ({ provisioner }) => (provisioner ? [] : [required('provisioner')]),
  validateUpdate,
})
