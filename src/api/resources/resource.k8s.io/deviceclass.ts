// DeviceClass: a kind of device that claims can ask for (KEP-4381).
import type { DeviceClass } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'

export const deviceClasses = defineResource<DeviceClass>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  resource: 'deviceclasses',
  namespaced: false,
  hasGeneration: true,
  columns: [nameColumn, ageColumn],
})
