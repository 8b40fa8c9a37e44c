// ResourceClaimTemplate: what a Pod's own ResourceClaims are made from (KEP-4381).
import type { ResourceClaimTemplate } from '../../generated/types.ts'
import { ageColumn } from '../../meta/age.ts'
import { immutable } from '../../meta/objectmeta.ts'
import { defineResource } from '../../resource.ts'
import { nameColumn } from '../columns.ts'
import { defaultDevices } from './resourceclaim.ts'

export const resourceClaimTemplates = defineResource<ResourceClaimTemplate>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  resource: 'resourceclaimtemplates',
  namespaced: true,
  columns: [nameColumn, ageColumn],
  default: ({ spec }) => defaultDevices(spec?.spec?.devices),
  validateUpdate: ({ spec }, previous) => immutable(spec, previous.spec, 'spec'),
})
