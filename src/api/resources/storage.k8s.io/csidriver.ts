// CSIDriver: a storage driver and what it can do.
import type { CSIDriver } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { column, defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

function defaultDriver(driver: CSIDriver): void {
  driver.spec ??= {}
  const { spec } = driver
  spec.attachRequired ??= true
  spec.podInfoOnMount ??= false
  spec.storageCapacity ??= false
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent']
  spec.requiresRepublish ??= false
  spec.seLinuxMount ??= false
}

export const csiDrivers = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  resource: 'csidrivers',
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('AttachRequired', driver => driver.spec.attachRequired ?? true, { type: 'boolean' }),
    column('PodInfoOnMount', driver => driver.spec.podInfoOnMount ?? false, { type: 'boolean' }),
    column('StorageCapacity', driver => driver.spec.storageCapacity ?? false, { type: 'boolean' }),
    column(
      'TokenRequests',
      driver => driver.spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    ),
    column('RequiresRepublish', driver => driver.spec.requiresRepublish ?? false, { type: 'boolean' }),
    column('Modes', driver => driver.spec.volumeLifecycleModes?.join(',') || '<none>'),
    ageColumn,
  ],
  default: defaultDriver,
})
