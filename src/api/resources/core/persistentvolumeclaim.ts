// PersistentVolumeClaim: a request for storage.
import { type FieldError, required } from '../../fields.ts'
import type { PersistentVolumeClaim } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { formatAccessModes, nameColumn } from '../columns.ts'

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** What a claim gets by itself, also within a StatefulSet. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  claim.spec ??= {}
  claim.spec.volumeMode ??= 'Filesystem'
  claim.status ??= {}
  claim.status.phase ||= 'Pending'
}

function validate({ spec = {} }: PersistentVolumeClaim): FieldError[] {
  return [
    ...(spec.accessModes?.length ? [] : [required('spec.accessModes', 'at least 1 access mode is required')]),
    ...(spec.resources?.requests?.storage === undefined ? [required('spec.resources[storage]')] : []),
  ]
}

const isBound = (claim: PersistentVolumeClaim) => Boolean(claim.spec?.volumeName)

export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  resource: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  namespaced: true,
  hasStatus: true,
  columns: [
    nameColumn,
    column('Status', claim =>
      claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status?.phase ?? ''),
    ),
    column('Volume', claim => claim.spec?.volumeName ?? ''),
    column('Capacity', claim => (isBound(claim) ? (claim.status?.capacity?.storage ?? '0') : '')),
    column('Access Modes', claim => (isBound(claim) ? formatAccessModes(claim.status?.accessModes) : '')),
    column(
      'StorageClass',
      ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
    ),
    column('VolumeAttributesClass', claim => claim.spec?.volumeAttributesClassName ?? '<unset>'),
    ageColumn,
    column('VolumeMode', claim => claim.spec?.volumeMode ?? '<unset>', { wide: true }),
  ],
  default: defaultClaim,
  prepareForCreate: claim => {
    claim.status = { phase: 'Pending' }
  },
  validate,
})
