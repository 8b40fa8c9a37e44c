// PersistentVolume: a piece of storage that a claim can be bound to.
import { type FieldError, required } from '../../fields.ts'
import type { PersistentVolume } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { formatAccessModes, nameColumn } from '../columns.ts'

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

function defaultVolume(volume: PersistentVolume): void {
  volume.spec ??= {}
  volume.spec.persistentVolumeReclaimPolicy ||= 'Retain'
  volume.spec.volumeMode ??= 'Filesystem'
  if (volume.spec.hostPath) volume.spec.hostPath.type ??= ''
  volume.status ??= {}
  volume.status.phase ||= 'Pending'
}

function validate({ spec = {} }: PersistentVolume): FieldError[] {
  return [
    ...(spec.accessModes?.length ? [] : [required('spec.accessModes')]),
    ...(spec.capacity ? [] : [required('spec.capacity')]),
  ]
}

function formatClaim({ spec }: PersistentVolume): string {
  const claim = spec?.claimRef
  return claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : ''
}

export const persistentVolumes = defineResource<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  resource: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  hasStatus: true,
  columns: [
    nameColumn,
    column('Capacity', volume => volume.spec?.capacity?.storage ?? '0'),
    column('Access Modes', volume => formatAccessModes(volume.spec?.accessModes)),
    column('Reclaim Policy', volume => volume.spec?.persistentVolumeReclaimPolicy ?? ''),
    column('Status', volume =>
      volume.metadata.deletionTimestamp ? 'Terminating' : (volume.status?.phase ?? ''),
    ),
    column('Claim', formatClaim),
    column(
      'StorageClass',
      ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
    ),
    column('VolumeAttributesClass', volume => volume.spec?.volumeAttributesClassName ?? '<unset>'),
    column('Reason', volume => volume.status?.reason ?? ''),
    ageColumn,
    column('VolumeMode', volume => volume.spec?.volumeMode ?? '<unset>', { wide: true }),
  ],
  default: defaultVolume,
  prepareForCreate: volume => {
    volume.status = { phase: 'Pending' }
  },
  validate,
})
