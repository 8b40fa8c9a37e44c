// CSINode: the storage drivers on a node.
import type { CSINode } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

export const csiNodes = defineResource<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  resource: 'csinodes',
  namespaced: false,
  columns: [
    nameColumn,
    column('Drivers', node => node.spec?.drivers?.length ?? 0, { type: 'integer' }),
    ageColumn,
  ],
})
