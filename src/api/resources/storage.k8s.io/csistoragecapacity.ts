// CSIStorageCapacity: how much storage a driver can still give out, and where.
import type { CSIStorageCapacity } from '../../generated/types.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  resource: 'csistoragecapacities',
  namespaced: true,
  columns: [
    nameColumn,
    column('StorageClassName', capacity => capacity.storageClassName),
    column('Capacity', capacity => capacity.capacity ?? '<unset>'),
  ],
})
