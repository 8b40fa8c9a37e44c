// VolumeAttachment: that a volume is, or is to be, attached to a node.
import { type FieldError, required } from '../../fields.ts'
import type { VolumeAttachment } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function validate({ spec }: VolumeAttachment): FieldError[] {
  return [
    ...(spec.attacher ? [] : [required('spec.attacher')]),
    ...(spec.nodeName ? [] : [required('spec.nodeName')]),
  ]
}

export const volumeAttachments = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  resource: 'volumeattachments',
  namespaced: false,
  hasStatus: true,
  columns: [
    nameColumn,
    column('Attacher', attachment => attachment.spec.attacher, { format: 'name' }),
    column('PV', attachment => attachment.spec.source?.persistentVolumeName ?? ''),
    column('Node', attachment => attachment.spec.nodeName),
    column('Attached', attachment => attachment.status?.attached ?? false, { type: 'boolean' }),
    ageColumn,
  ],
  prepareForCreate: attachment => {
    attachment.status = { attached: false }
  },
  validate,
  validateUpdate: ({ spec }, previous) => immutable(spec, previous.spec, 'spec'),
})
